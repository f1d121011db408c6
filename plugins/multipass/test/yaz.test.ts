import {readdir} from 'node:fs/promises'
import {join} from 'node:path'
import {Readable} from 'node:stream'
import {buffer} from 'node:stream/consumers'
import {instanceSpec} from '@omni-cli/sdk'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {type OpenDriver, openDriver, vm} from './open-driver.ts'

let opened: OpenDriver
beforeEach(async () => {
  opened = await openDriver()
})
afterEach(() => opened[Symbol.asyncDispose]())

/** Faults of the YAZ orchestrator with Multipass, by their numbers. */
describe('YAZ', () => {
  it('13: a removal empties nobody’s trash', async () => {
    await opened.byHand('launch 22.04 --name theirs')
    await opened.byHand('delete theirs')
    await opened.provider.create(vm('web'))
    await opened.provider.remove('web')

    expect((await opened.byHand('list')).stdout).toMatch(/theirs +Deleted/)
    expect((await opened.byHand('list')).stdout).not.toContain('web')
    expect(opened.calls.some(([command]) => command === 'purge')).toBe(false)
  })

  it('13: what somebody threw away by hand is neither removed for good nor made anew over it', async () => {
    await opened.provider.create(vm('web'))
    await opened.byHand('delete web')

    expect(await opened.provider.get('web')).toBeUndefined()
    await opened.provider.remove('web')
    await expect(opened.provider.create(vm('web'))).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/multipass recover web.*multipass delete --purge web/),
    })
    expect((await opened.byHand('recover web')).exitCode).toBe(0)
  })

  it('14: a snapshot holds data, and is refused where none can be taken', async () => {
    const {provider} = opened
    await provider.create(vm('web'))
    await provider.files?.write('web', '/var/state', Readable.from(['before']))

    expect(provider.export).toBeUndefined()
    expect(provider.snapshots?.needsStop).toBe(true)
    await expect(provider.snapshots?.create('web', 'one')).rejects.toMatchObject({
      code: 'CONFLICT',
      hint: 'omni stop web',
    })
    await provider.stop('web')
    const {createdAt} = (await provider.snapshots?.create('web', 'one')) ?? {}
    expect(Math.abs(Date.now() - Date.parse(createdAt ?? ''))).toBeLessThan(60_000)
    await provider.start('web')
    await provider.files?.write('web', '/var/state', Readable.from(['after']))
    await provider.snapshots?.restore('web', 'one')
    expect((await provider.get('web'))?.status).toBe('running')
    const content = await provider.files?.read('web', '/var/state')
    expect(content === undefined ? '' : (await buffer(content)).toString()).toBe('before')
  })

  it('15: user data goes through standard input, and no file is written for it', async () => {
    await opened.provider.create(vm('web', {cloud_init: {runcmd: ['echo made > /var/made']}}))

    const launch = opened.calls.find(([command]) => command === 'launch') ?? []
    expect(launch.slice(launch.indexOf('--cloud-init'))).toContain('-')
    expect(await opened.provider.exec?.run('web', ['test', '-f', '/var/made'])).toEqual({exitCode: 0})
    expect((await readdir(join(opened.home, 'state'))).sort()).toEqual(['multipass.json'])
  })

  it.each(['1web', 'Web', 'web-', '-rf', '--help', 'a.b', '../x', ''])('18: %j is no name of a machine', (name) => {
    expect(instanceSpec.safeParse({name, type: 'vm'}).success).toBe(false)
  })

  it('20: metadata are labels, byte for byte, and not files inside', async () => {
    const metadata = {note: `it's "$HOME" \`id\``, 'owner.team': 'a=b'}
    await opened.provider.create(vm('web', {metadata}))

    expect((await (await opened.again()).get('web'))?.labels).toEqual(metadata)
    expect((await opened.provider.files?.list('web', '/etc'))?.filter(({name}) => name.startsWith('yaz'))).toEqual([])
  })
})
