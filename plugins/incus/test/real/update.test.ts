import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {text} from 'node:stream/consumers'
import {poll} from '@omni-cli/sdk'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import type {IncusClient} from '../../src/client/client.ts'
import {instanceWire} from '../../src/client/wire.ts'
import {createIncus} from '../../src/provider/incus.ts'
import {readInstance} from '../../src/provider/requests.ts'
import {createMachines, createTestNetwork, type Machines, socket, type TestNetwork} from './machines.ts'
import {testContext} from './test-project.ts'

let network: TestNetwork
let machines: Machines
let folder: string

beforeAll(async () => {
  if (socket === undefined) return
  network = await createTestNetwork()
  machines = await createMachines(network)
  folder = await mkdtemp(join(tmpdir(), 'omni-incus-'))
  await writeFile(join(folder, 'there'), 'yes')
})
afterAll(async () => {
  await machines?.remove()
  await network?.remove()
  if (folder !== undefined) await rm(folder, {recursive: true, force: true})
})

const wire = async (name: string) => (await machines.client.fetch(instanceWire, readInstance(name))).value
const file = async (name: string, path: string) => {
  const request = {method: 'GET', path: `/instances/${name}/files`, query: {path}} as const
  return text((await machines.client.download(request)).body)
}
const startOf = async (name: string) => (await machines.provider.get(name))?.startedAt

describe.skipIf(socket === undefined)('an update of a machine on Incus', () => {
  it('changes limits, labels, protection, ports and folders while it runs', async () => {
    const {provider, spec} = machines
    const port = 20_000 + Math.floor(Math.random() * 10_000)
    const ports = [{listen: port, target: 80}]
    await provider.create(spec('live', {cpus: 1, memory: '64MiB', metadata: {a: '1', b: '2'}}))
    const started = await startOf('live')
    const wanted = spec('live', {
      cpus: 2,
      memory: '96MB',
      metadata: {a: '', c: '3'},
      protect: true,
      ports,
      mounts: [{source: folder, target: '/mnt/here'}],
      config: {'limits.processes': 200},
    })
    const paths = ['cpus', 'memory', 'metadata.a', 'protect', 'ports', 'mounts', 'config.limits.processes']
    const before = await provider.get('live')
    if (before === undefined) throw new Error('it is not there')
    expect(new Set(Object.values((await provider.changeKinds?.(before, paths)) ?? {}))).toEqual(new Set(['live']))

    const after = await provider.update?.('live', wanted)
    expect(after).toMatchObject({cpus: 2, memoryBytes: 96_000_000, labels: {a: '', c: '3'}, status: 'running'})
    expect(after?.labels).not.toHaveProperty('b')
    expect(after?.settings).toMatchObject({protect: true, ports: wanted.ports, config: {'limits.processes': '200'}})
    expect(await startOf('live')).toBe(started)
    expect(await file('live', '/mnt/here/there')).toBe('yes')
    const page = await poll({everyMs: 50, timeoutMs: 10_000}, () =>
      fetch(`http://127.0.0.1:${port}/`).then(
        (answer) => answer.text(),
        () => undefined,
      ),
    )
    expect(page).toContain('hello')

    const bare = await provider.update?.('live', spec('live'))
    expect(JSON.parse(JSON.stringify(bare?.settings))).toEqual({})
    expect(bare?.labels).toEqual({})
    expect(await startOf('live')).toBe(started)
  })
})

describe.skipIf(socket === undefined)('what others have set on a machine', () => {
  it('keeps what somebody has set by hand', async () => {
    const {provider, client, spec} = machines
    await provider.create(spec('shared', {metadata: {ours: 'x'}, config: {'limits.processes': 99}}))
    const config = {'user.theirs': 'y', 'limits.cpu.priority': '5'}
    const devices = {zero2: {type: 'unix-char', source: '/dev/zero', path: '/dev/zero2'}}
    await client.send({method: 'PATCH', path: '/instances/shared', json: {config, devices}})
    await provider.update?.('shared', spec('shared', {metadata: {ours: 'z'}, ports: []}))
    const found = await wire('shared')
    expect(found.config).toMatchObject({...config, 'user.ours': 'z'})
    expect(found.config).not.toHaveProperty('limits.processes')
    expect(found.devices).toEqual(devices)
  })
})

describe.skipIf(socket === undefined)('an update of a machine on Incus that costs a restart', () => {
  it('restarts a running machine when a change needs it, and leaves a stopped one stopped', async () => {
    const {provider, spec} = machines
    const running = await provider.get('shared')
    if (running === undefined) throw new Error('it is not there')
    const paths = ['config.security.privileged', 'network.ipv4', 'profiles', 'cloud_init', 'image', 'type']
    expect(await provider.changeKinds?.(running, paths)).toEqual({
      'config.security.privileged': 'restart',
      'network.ipv4': 'restart',
      profiles: 'restart',
      cloud_init: 'rebuild',
      image: 'rebuild',
      type: 'replace',
    })
    const wanted = spec('shared', {network: {ipv4: `${network.prefix}.99`}})
    const after = await provider.update?.('shared', wanted)
    expect(after).toMatchObject({status: 'running', settings: {network: wanted.network}})
    expect(after?.startedAt).not.toBe(running.startedAt)
    const address = () => provider.get('shared').then((found) => found?.addresses[0])
    expect(await poll({everyMs: 100, timeoutMs: 20_000}, address)).toBe(`${network.prefix}.99`)

    await provider.stop('shared')
    const stopped = await provider.update?.('shared', spec('shared'))
    expect(stopped).toMatchObject({status: 'stopped'})
    expect(stopped?.settings?.network).toBeUndefined()
  })
})

describe.skipIf(socket === undefined)('an update of a machine that others change too', () => {
  it('reads once more what somebody else has changed in between', async () => {
    const {provider, client, spec} = machines
    await provider.create(spec('raced'))
    let meddled = 0
    const meddling: IncusClient = {
      ...client,
      async send(request, options) {
        if (request.method === 'PATCH' && meddled++ === 0) {
          await client.send({method: 'PATCH', path: '/instances/raced', json: {config: {'user.theirs': 'now'}}})
        }
        await client.send(request, options)
      },
    }
    const context = testContext({}, folder)
    await createIncus(meddling, {context, settings: {}}).update?.('raced', spec('raced', {metadata: {a: 'b'}}))
    expect((await wire('raced')).config).toMatchObject({'user.theirs': 'now', 'user.a': 'b'})
    expect(meddled).toBe(2)
  })

  it('of a machine that omni did not make touches only what is written', async () => {
    const {provider, client, spec} = machines
    const source = {type: 'image', alias: 'omni-test/busybox'}
    const config = {'user.team': 'a', 'limits.memory': '80MB', 'limits.processes': '77'}
    await client.operate({
      method: 'POST',
      path: '/instances',
      json: {name: 'foreign', type: 'container', source, config},
    })
    expect(await provider.get('foreign')).toMatchObject({labels: {team: 'a'}, memoryBytes: 80_000_000})
    await provider.update?.('foreign', spec('foreign', {cpus: 1, metadata: {'omni.plan': 'demo'}}))
    expect((await wire('foreign')).config).toMatchObject({...config, 'limits.cpu': '1', 'user.omni.plan': 'demo'})
  })

  it('of an absent machine is NOT_FOUND', async () => {
    const {provider, spec} = machines
    await expect(provider.update?.('absent', spec('absent'))).rejects.toMatchObject({code: 'NOT_FOUND'})
    await expect(provider.rebuild?.('absent', spec('absent'))).rejects.toMatchObject({code: 'NOT_FOUND'})
  })
})

describe.skipIf(socket === undefined)('a rebuild of a machine on Incus', () => {
  const cloud = (line: string) => ({image: 'omni-test/cloud', cloud_init: `#cloud-config\nruncmd:\n  - ${line}\n`})

  it('runs the first boot again, and keeps address, labels and what is attached', async () => {
    const {provider, spec} = machines
    const kept = {metadata: {role: 'db'}, mounts: [{source: folder, target: '/mnt/here'}]}
    await provider.create(spec('again', {...cloud('echo one > /root/mark'), ...kept}))
    const mark = (wanted: string) => async () => (await file('again', '/root/mark').catch(() => '')).trim() === wanted
    await poll({everyMs: 100, timeoutMs: 20_000}, mark('one'))
    const address = () => provider.get('again').then((found) => found?.addresses[0])
    const before = {
      mac: (await wire('again')).config['volatile.eth0.hwaddr'],
      address: await poll({everyMs: 100, timeoutMs: 20_000}, address),
    }

    const wanted = spec('again', {...cloud('echo two > /root/mark'), ...kept})
    const after = await provider.rebuild?.('again', wanted)
    expect(after).toMatchObject({status: 'running', labels: {role: 'db'}, settings: {cloud_init: wanted.cloud_init}})
    await poll({everyMs: 100, timeoutMs: 20_000}, mark('two'))
    expect((await wire('again')).config['volatile.eth0.hwaddr']).toBe(before.mac)
    expect(await poll({everyMs: 100, timeoutMs: 20_000}, address)).toBe(before.address)
    expect(await file('again', '/mnt/here/there')).toBe('yes')
  })

  it('takes another image', async () => {
    const {provider, spec} = machines
    const after = await provider.rebuild?.('again', spec('again', {image: 'omni-test/busybox'}))
    expect(after).toMatchObject({image: 'omni-test/busybox', status: 'running'})
    expect(after?.settings?.cloud_init).toBeUndefined()
    await expect(file('again', '/usr/bin/cloud-init')).rejects.toMatchObject({code: 'NOT_FOUND'})
  })

  it('touches nothing when the image is not there', async () => {
    const {provider, spec} = machines
    const before = await provider.get('again')
    for (const image of ['local:nope', 'what-is-this', 'nowhere:at/all']) {
      await expect(provider.rebuild?.('again', spec('again', {image}))).rejects.toThrow()
    }
    const {image, settings, startedAt} = before ?? {}
    expect(await provider.get('again')).toMatchObject({image, settings, startedAt, status: 'running'})
    expect(await file('again', '/www/index.html')).toContain('hello')
  })

  it('is CONFLICT while there are snapshots, and the machine runs on', async () => {
    const {provider, spec} = machines
    await provider.snapshots?.create('again', 'one')
    const before = await provider.get('again')
    await expect(provider.rebuild?.('again', spec('again'))).rejects.toMatchObject({
      code: 'CONFLICT',
      message: /snapshots.*: one$/,
    })
    expect((await provider.get('again'))?.startedAt).toBe(before?.startedAt)
  })
})
