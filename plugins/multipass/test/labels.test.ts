import {readFile, stat, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {belief, LAUNCH_MS} from '../src/provider/belief.ts'
import {type OpenDriver, openDriver, vm} from './open-driver.ts'

let opened: OpenDriver
beforeEach(async () => {
  opened = await openDriver()
})
afterEach(() => opened[Symbol.asyncDispose]())

const file = () => join(opened.home, 'state/multipass.json')
const labelled = (name: string) => vm(name, {metadata: {'omni.plan': 'demo'}, tags: ['web']})

describe('labels', () => {
  it('are kept in a file for this user alone, without user data', async () => {
    await opened.provider.create({...labelled('web'), cloud_init: '#cloud-config\npassword: hunter22\n'})

    expect((await stat(file())).mode & 0o777).toBe(0o600)
    expect((await stat(join(opened.home, 'state'))).mode & 0o777).toBe(0o700)
    expect(await readFile(file(), 'utf8')).not.toContain('hunter22')
  })

  it('are seen by other processes, and changed at no cost', async () => {
    const {createdAt} = await opened.provider.create(labelled('web'))
    const calls = opened.calls.length
    await opened.provider.update?.('web', vm('web', {metadata: {'omni.plan': 'demo', role: 'x'}}))
    const other = await opened.again()

    expect(await other.get('web')).toMatchObject({labels: {'omni.plan': 'demo', role: 'x'}, createdAt})
    expect(opened.calls.slice(calls).map(([command]) => command)).not.toContain('stop')
  })

  it('of several machines made at once are all kept', async () => {
    const providers = await Promise.all([1, 2, 3].map(() => opened.again()))
    await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((name, index) => providers[index % 3]?.create(labelled(name))))

    const found = await opened.provider.list({labels: {'omni.plan': 'demo', web: 'true'}})
    expect(found.map(({name}) => name)).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
  })
})

describe('labels, when machines are made and removed by hand,', () => {
  it('of a machine that was removed by hand are forgotten', async () => {
    await opened.provider.create(labelled('web'))
    await opened.byHand('delete --purge web')

    expect(await opened.provider.list()).toEqual([])
    await opened.byHand('launch 22.04 --name web')
    expect((await opened.provider.get('web'))?.labels).toEqual({})
    expect(opened.notices).toEqual([])
  })

  it.each([
    ['of another image', 'launch 24.04 --name web'],
    ['of the same image', 'launch 22.04 --name web'],
  ])('of a machine that was removed and made again by hand, %s, are not believed', async (_, line) => {
    await opened.provider.create(labelled('web'))
    await opened.byHand('delete --purge web')
    await opened.byHand(line)

    expect((await opened.provider.list()).map(({labels}) => labels)).toEqual([{}])
    expect(opened.notices).toEqual(['other machines have these names now, their labels are forgotten: web'])
  })

  it('of a machine with a new address are believed when it is the same machine', async () => {
    await opened.provider.create(labelled('web'))
    const path = join(opened.program.state, 'instances/web/machine.json')
    await writeFile(path, JSON.stringify({...JSON.parse(await readFile(path, 'utf8')), ipv4: ['10.1.1.77']}))

    expect((await opened.provider.get('web'))?.labels).toEqual({'omni.plan': 'demo', web: 'true'})
    const calls = opened.calls.length
    await opened.provider.get('web')
    expect(opened.calls.slice(calls).map(([command]) => command)).toEqual(['info'])
  })

  it('can be given to a machine that was made by hand; how old it is stays unknown', async () => {
    await opened.byHand('launch 22.04 --name web')
    const after = await opened.provider.update?.('web', labelled('web'))

    expect(after).toMatchObject({labels: {'omni.plan': 'demo', web: 'true'}, createdAt: undefined})
    expect((await opened.provider.list({labels: {'omni.plan': 'demo'}})).map(({name}) => name)).toEqual(['web'])
    await opened.byHand('delete --purge web')
    await opened.byHand('launch 22.04 --name web')
    expect((await opened.provider.get('web'))?.labels).toEqual({})
  })

  it('survive the trash', async () => {
    await opened.provider.create(labelled('web'))
    await opened.byHand('delete web')
    expect(await opened.provider.list()).toEqual([])
    await opened.byHand('recover web')

    expect((await opened.provider.get('web'))?.labels).toMatchObject({'omni.plan': 'demo'})
  })

  it('in a damaged file are an error that names it, not empty', async () => {
    await opened.provider.create(labelled('web'))
    await writeFile(file(), '{')

    await expect(opened.provider.list()).rejects.toMatchObject({code: 'IO', message: expect.stringContaining(file())})
  })

  it('of a name that objects have are none of theirs', async () => {
    expect(await opened.provider.get('constructor')).toBeUndefined()
    await opened.byHand('launch 22.04 --name constructor')

    expect(await opened.provider.get('constructor')).toMatchObject({labels: {}, image: 'ubuntu:22.04'})
    expect(await opened.provider.list()).toHaveLength(1)
  })
})

describe('belief', () => {
  const created = Date.parse('2026-01-01T00:00:00Z')
  const kept = {
    labels: {},
    image: 'x',
    createdAt: '2026-01-01T00:00:00Z',
    imageHash: 'h',
    address: '10.0.0.2',
    machineId: 'm',
  }
  const seen = {
    state: 'Running',
    image_hash: 'h',
    image_release: '',
    ipv4: ['10.0.0.2'],
    disks: {},
    memory: {},
    mounts: {},
  }

  it.each([
    ['the same image and address', kept, seen, 'ours'],
    ['a stopped machine tells no address', kept, {...seen, ipv4: []}, 'ours'],
    ['one more address, as of a bridge inside', kept, {...seen, ipv4: ['10.0.0.2', '172.17.0.1']}, 'ours'],
    ['another image', kept, {...seen, image_hash: 'i'}, 'another'],
    ['another address', kept, {...seen, ipv4: ['10.0.0.3']}, 'ask'],
    ['another address, and no id to compare', {...kept, machineId: undefined}, {...seen, ipv4: ['10.0.0.3']}, 'ours'],
    ['a launch that was cut off', {...kept, imageHash: undefined}, seen, 'ours'],
  ] as const)('%s: %s', (_, known, machine, expected) => {
    expect(belief(known, {...machine, ipv4: [...machine.ipv4]}, created + 1_000)).toBe(expected)
  })

  it('a launch that was cut off long ago is none', () => {
    expect(belief({...kept, imageHash: undefined}, seen, created + LAUNCH_MS + 1)).toBe('another')
  })
})
