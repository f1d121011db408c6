import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {type OpenDriver, openDriver, vm} from './open-driver.ts'
import type {Fault} from './program/store.ts'

let opened: OpenDriver
beforeEach(async () => {
  opened = await openDriver()
})
afterEach(() => opened[Symbol.asyncDispose]())

const fail = (...faults: Fault[]) => opened.program.behave({faults})

describe('a daemon that does not answer', () => {
  it('is not well, and says with which command it is started', async () => {
    await fail({kind: 'daemon-down'})
    const provider = await opened.again()

    expect(await provider.check()).toEqual({
      ok: false,
      version: '1.16.3',
      message: 'the daemon of Multipass does not answer',
      hint: 'sudo snap start multipass',
    })
    await expect(provider.list()).rejects.toMatchObject({code: 'UNAVAILABLE'})
    await expect(provider.get('web')).rejects.toMatchObject({code: 'UNAVAILABLE'})
    await expect(provider.create(vm('web'))).rejects.toMatchObject({code: 'UNAVAILABLE'})
  })

  it('is asked again after it was started', async () => {
    await fail({kind: 'daemon-down'})
    const provider = await opened.again()
    expect((await provider.check()).ok).toBe(false)
    await fail()

    expect(await provider.check()).toEqual({ok: true, version: '1.16.3'})
  })
})

describe('a launch', () => {
  it('that was given up as too slow is a success when its machine runs a moment later', async () => {
    await fail({kind: 'launch-timeout'})

    expect(await opened.provider.create(vm('web', {metadata: {role: 'x'}}))).toMatchObject({
      status: 'running',
      labels: {role: 'x'},
    })
  })

  it('whose first boot does not end in time gives a machine that runs: readiness is asked later', async () => {
    await fail({kind: 'init-timeout'})

    expect((await opened.provider.create(vm('web'))).status).toBe('running')
  })

  it('that made half a machine fails, and the machine is kept with its labels', async () => {
    await fail({kind: 'half-made'})

    await expect(opened.provider.create(vm('web', {metadata: {role: 'x'}}))).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringContaining("'web' was made, but failed to start"),
      hint: 'omni delete instance/web',
    })
    expect(await opened.provider.get('web')).toMatchObject({status: 'stopped', labels: {role: 'x'}})
  })

  it('whose image does not come leaves nothing', async () => {
    await fail({kind: 'image-download'})

    await expect(opened.provider.create(vm('web'))).rejects.toMatchObject({code: 'UNAVAILABLE', retryable: true})
    await fail()
    expect(await opened.provider.list()).toEqual([])
    expect((await opened.provider.create(vm('web', {metadata: {role: 'y'}}))).labels).toEqual({role: 'y'})
  })

  it('with a disk that is too small for its image says so', async () => {
    await expect(opened.provider.create(vm('web', {disk: '1GiB'}))).rejects.toMatchObject({
      code: 'MANIFEST_INVALID',
      message: expect.stringContaining('below minimum for this image'),
    })
    expect(await opened.provider.get('web')).toBeUndefined()
  })

  it('with user data that is no YAML says so, and makes nothing', async () => {
    await expect(opened.provider.create(vm('web', {cloud_init: '#cloud-config\na: ['}))).rejects.toMatchObject({
      code: 'MANIFEST_INVALID',
      message: expect.stringContaining('Could not load cloud-init configuration'),
    })
    expect(await opened.provider.get('web')).toBeUndefined()
  })

  it('that is cut off says what goes on, and the machine has its labels when it is there', async () => {
    await opened.program.behave({bootMs: 700})
    const controller = new AbortController()
    const making = opened.provider.create(vm('web', {metadata: {role: 'x'}}), {signal: controller.signal})
    await expect.poll(async () => (await opened.byHand('list')).stdout).toContain('Starting')
    controller.abort()

    await expect(making).rejects.toMatchObject({
      code: 'ABORTED',
      message: "interrupted; Multipass goes on with 'web', which is starting",
    })
    await expect.poll(async () => (await opened.provider.get('web'))?.status).toBe('running')
    expect((await opened.provider.get('web'))?.labels).toEqual({role: 'x'})
    await expect(opened.provider.create(vm('web'))).rejects.toMatchObject({code: 'CONFLICT'})
  })

  it('is one of two at most, also between processes', async () => {
    await opened.provider.create(vm('first'))
    await opened.program.behave({bootMs: 1_000})
    const others = [opened.provider, await opened.again()]
    const starting = async () => {
      const {stdout} = await opened.byHand('list --format json')
      return JSON.parse(stdout).list.filter(({state}: {readonly state: string}) => state === 'Starting').length
    }
    const making = Promise.all(['a', 'b', 'c'].map((name, index) => others[index % 2]?.create(vm(name))))
    const seen: number[] = []
    await expect.poll(async () => seen.push(await starting()) > 0 && seen.at(-1)).toBe(2)
    await making

    expect(Math.max(...seen)).toBe(2)
    expect(await opened.provider.list()).toHaveLength(4)
  })
})

describe('a machine that does not do as it is told', () => {
  it('whose SSH is not there is no program that has ended with 255', async () => {
    await opened.provider.create(vm('web'))
    expect((await opened.provider.exec?.run('web', ['sh', '-c', 'exit 255']))?.exitCode).toBe(255)
    await fail({kind: 'ssh-failure'})

    await expect(opened.provider.exec?.run('web', ['true'])).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
    })
  })

  it.each([1, 2, 3, 4, 5])('a program that ends with %i is none that Multipass has failed to run', async (status) => {
    await opened.provider.create(vm('web'))

    expect(await opened.provider.exec?.run('web', ['sh', '-c', `exit ${status}`])).toEqual({exitCode: status})
  })

  it('that is stopped is not started by exec and files', async () => {
    await opened.provider.create(vm('web'))
    await opened.provider.stop('web')

    await expect(opened.provider.exec?.run('web', ['true'])).rejects.toMatchObject({
      code: 'CONFLICT',
      hint: 'omni start web',
    })
    await expect(opened.provider.files?.stat('web', '/etc/hostname')).rejects.toMatchObject({code: 'CONFLICT'})
    expect((await opened.provider.get('web'))?.status).toBe('stopped')
  })

  it('whose start is cut off says what goes on', async () => {
    await opened.provider.create(vm('web'))
    await opened.provider.stop('web')
    await opened.program.behave({bootMs: 2_000})
    const controller = new AbortController()
    const starting = opened.provider.start('web', {signal: controller.signal})
    await expect.poll(async () => (await opened.byHand('list')).stdout).toContain('Starting')
    controller.abort()

    await expect(starting).rejects.toMatchObject({
      code: 'ABORTED',
      message: "interrupted; Multipass goes on with 'web', which is starting",
    })
  })

  it('that stays suspended is told, with the way out', async () => {
    await opened.provider.create(vm('web'))
    await opened.byHand('suspend web')
    expect((await opened.provider.get('web'))?.status).toBe('frozen')
    await fail({kind: 'stuck-suspended'})

    await expect(opened.provider.start('web')).rejects.toMatchObject({code: 'TIMEOUT', hint: 'omni stop web --force'})
    await expect(opened.provider.stop('web')).rejects.toMatchObject({code: 'CONFLICT', hint: 'omni stop web --force'})
    expect((await opened.provider.stop('web', {force: true})).status).toBe('stopped')
  })

  it('whose state is unknown is shown so, and a stop that does nothing is no success', async () => {
    await opened.provider.create(vm('web'))
    await fail({kind: 'unknown-state', instance: 'web'})
    const stop = opened.provider.stop('web', {timeoutMs: 400})

    await expect(stop).rejects.toMatchObject({code: 'TIMEOUT', hint: 'omni stop web --force'})
    expect((await opened.provider.get('web'))?.status).toBe('unknown')
  })

  it('that hangs is given up after its time', async () => {
    await opened.provider.create(vm('web'))
    await fail({kind: 'hang', command: 'stop'})

    await expect(opened.provider.stop('web', {timeoutMs: 300})).rejects.toMatchObject({code: 'TIMEOUT'})
  })

  it('has errors of cloud-init that are told by cloud-init itself', async () => {
    await opened.provider.create(vm('web', {cloud_init: '#cloud-config\nruncmd: ["exit 3"]\n'}))
    const chunks: Buffer[] = []
    const ran = await opened.provider.exec?.run('web', ['cloud-init', 'status', '--wait', '--format', 'json'], {
      onStdout: (chunk) => chunks.push(chunk),
    })

    expect(ran?.exitCode).toBe(1)
    expect(JSON.parse(Buffer.concat(chunks).toString())).toMatchObject({status: 'error'})
  })
})

describe('what a version or driver does not have', () => {
  it('is absent before the version that brought it', async () => {
    await opened.program.behave({version: '1.12.2'})
    const oldest = await opened.again()
    expect([oldest.snapshots, oldest.copies]).toEqual([undefined, undefined])
    await opened.program.behave({version: '1.14.0'})
    const provider = await opened.again()
    expect(provider.snapshots).toBeDefined()
    expect(provider.copies).toBeUndefined()
  })

  it('is UNSUPPORTED where only the call tells it', async () => {
    await opened.provider.create(vm('web'))
    await opened.provider.stop('web')
    await opened.program.behave({driver: 'applevz'})

    await expect(opened.provider.snapshots?.create('web', 'one')).rejects.toMatchObject({code: 'UNSUPPORTED'})
    expect((await opened.provider.get('web'))?.snapshotCount).toBeUndefined()
  })

  it('a cut-off needs 1.14', async () => {
    await opened.program.behave({version: '1.13.1'})
    const provider = await opened.again()
    await provider.create(vm('web'))

    await expect(provider.stop('web', {force: true})).rejects.toMatchObject({code: 'UNSUPPORTED'})
  })
})
