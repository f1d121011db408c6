import {mkdir, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {Readable} from 'node:stream'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {type OpenDriver, openDriver, vm} from './open-driver.ts'

let opened: OpenDriver
beforeEach(async () => {
  opened = await openDriver()
})
afterEach(() => opened[Symbol.asyncDispose]())

const contentOf = (text: string) => Readable.from([Buffer.from(text)])
const since = (count: number) => opened.calls.slice(count).map((words) => words.join(' '))
const changes = (lines: readonly string[]) => lines.filter((line) => /^(stop|start|set|mount|umount)/.test(line))

describe('changes', () => {
  it('of sizes stop and start a machine that ran, and Multipass has the very bytes', async () => {
    await opened.provider.create(vm('web', {memory: '1GB', disk: '10GB'}))
    const calls = opened.calls.length
    const after = await opened.provider.update?.('web', vm('web', {cpus: 3, memory: '1500MB', disk: '10GB'}))

    expect(after).toMatchObject({status: 'running', cpus: 3, memoryBytes: 1_500_000_000, diskBytes: 10_000_000_000})
    expect(changes(since(calls))).toEqual([
      'stop web',
      'set local.web.cpus=3',
      'set local.web.memory=1500000000',
      'start web --timeout 600',
    ])
    expect((await opened.byHand('get --raw local.web.memory')).stdout).toBe('1500000000\n')
    expect((await opened.byHand('get --raw local.web.disk')).stdout).toBe('10000000000\n')
  })

  it('that are refused leave a machine that ran running', async () => {
    await opened.byHand('launch 22.04 --name web --disk 20G')

    await expect(opened.provider.update?.('web', vm('web', {disk: '10GiB'}))).rejects.toMatchObject({
      code: 'MANIFEST_INVALID',
    })
    expect((await opened.provider.get('web'))?.status).toBe('running')
  })

  it('of mounts are live', async () => {
    const [one, two] = [join(opened.home, 'one'), join(opened.home, 'two')]
    await Promise.all([mkdir(one), mkdir(two)])
    await writeFile(join(two, 'x'), 'hello')
    const mount = (source: string, target: string) => ({source, target, readonly: false})
    await opened.provider.create(vm('web', {mounts: [mount(one, '/mnt/a')]}))
    const calls = opened.calls.length
    const after = await opened.provider.update?.('web', vm('web', {mounts: [mount(two, '/mnt/b')]}))

    expect(after?.settings?.mounts).toEqual([mount(two, '/mnt/b')])
    expect(changes(since(calls))).toEqual(['umount web:/mnt/a', `mount ${two} web:/mnt/b`])
    expect(await opened.provider.exec?.run('web', ['test', '-f', '/mnt/b/x'])).toEqual({exitCode: 0})
  })

  it('of the image are none: that is another machine', async () => {
    await opened.provider.create(vm('web'))

    await expect(opened.provider.update?.('web', vm('web', {image: 'noble'}))).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    })
  })

  it('tell what they cost', async () => {
    const web = await opened.provider.create(vm('web'))

    expect(
      await opened.provider.changeKinds?.(web, [
        'metadata.role',
        'mounts',
        'memory',
        'cpus',
        'disk',
        'image',
        'cloud_init',
      ]),
    ).toEqual({
      'metadata.role': 'live',
      mounts: 'live',
      memory: 'restart',
      cpus: 'restart',
      disk: 'restart',
      image: 'replace',
      cloud_init: 'replace',
    })
  })
})

describe('a read of everything', () => {
  it('is one call, however many machines there are', async () => {
    await Promise.all(['a', 'b', 'c'].map((name) => opened.provider.create(vm(name))))
    const calls = opened.calls.length

    expect(await opened.provider.list()).toHaveLength(3)
    expect(since(calls)).toEqual(['info --no-runtime-information --format json'])
  })
})

describe('files', () => {
  it('below folders of root are written and read as root', async () => {
    const {provider} = opened
    await provider.create(vm('web'))
    await provider.files?.write('web', '/etc/omni.conf', contentOf('x=1'), {mode: 0o600})

    expect(await provider.files?.stat('web', '/etc/omni.conf')).toMatchObject({type: 'file', mode: 0o600, sizeBytes: 3})
    expect(since(0).some((line) => line.startsWith('transfer - web:/tmp/.omni-'))).toBe(true)
    await provider.files?.makeSymlink('web', '/etc/link', '/etc/omni.conf')
    expect(await provider.files?.stat('web', '/etc/link')).toMatchObject({type: 'symlink', target: '/etc/omni.conf'})
    expect(await provider.files?.list('web', '/tmp')).toEqual([])
  })

  it('that cannot be put in place leave nothing behind', async () => {
    const {provider} = opened
    await provider.create(vm('web'))

    await expect(provider.files?.write('web', '/no/such/x', contentOf('x'))).rejects.toMatchObject({code: 'NOT_FOUND'})
    await expect(provider.files?.write('web', '/etc', contentOf('x'))).rejects.toMatchObject({code: 'CONFLICT'})
    expect(await provider.files?.list('web', '/tmp')).toEqual([])
  })
})

describe('a terminal', () => {
  it('that is not ours cannot be given to the client', async () => {
    await opened.provider.create(vm('web'))
    const terminal = {size: {columns: 80, rows: 24}, onResize: () => () => undefined}

    await expect(opened.provider.exec?.run('web', ['sh'], {terminal})).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      hint: 'multipass shell web',
    })
  })
})
