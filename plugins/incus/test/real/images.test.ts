import {tmpdir} from 'node:os'
import {type InstanceInput, instanceSpec} from '@omni-cli/sdk'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import type {IncusClient} from '../../src/client/client.ts'
import {createIncus} from '../../src/provider/incus.ts'
import {createMachines, createTestNetwork, type Machines, socket, type TestNetwork} from './machines.ts'
import {testContext} from './test-project.ts'

let network: TestNetwork
let machines: Machines

beforeAll(async () => {
  if (socket === undefined) return
  network = await createTestNetwork()
  machines = await createMachines(network)
})
afterAll(async () => {
  await machines?.remove()
  await network?.remove()
})

describe.skipIf(socket === undefined)('images of Incus', () => {
  it('are listed by the names that a plan may write', async () => {
    const images = await machines.provider.images?.list()
    expect(images).toContainEqual(
      expect.objectContaining({
        name: 'omni-test/cloud',
        type: 'container',
        source: 'local',
        sizeBytes: expect.any(Number),
      }),
    )
  })

  it('are found by alias, by fingerprint and by a name of the settings', async () => {
    const {provider, client, spec} = machines
    const all = (await provider.images?.list()) ?? []
    const fingerprint = all.find(({name}) => name === 'omni-test/busybox')?.fingerprint?.slice(0, 12)
    const context = testContext({INCUS_SOCKET: socket})
    const named = createIncus(client, {context, settings: {images: {'ubuntu:22.04': 'local:omni-test/busybox'}}})
    const made = await Promise.all([
      provider.create(spec('by-alias', {image: 'local:omni-test/busybox'})),
      provider.create(spec('by-print', {image: fingerprint})),
      named.create(spec('by-name', {image: 'ubuntu:22.04'})),
    ])
    expect(made.map(({image}) => image)).toEqual(['local:omni-test/busybox', fingerprint, 'ubuntu:22.04'])
  })

  it('that are not there leave nothing behind', async () => {
    const {provider, spec} = machines
    await expect(provider.create(spec('none', {image: 'local:nope'}))).rejects.toMatchObject({code: 'NOT_FOUND'})
    expect(await provider.get('none')).toBeUndefined()
  })
})

const refused = async (fields: Partial<InstanceInput>, others: readonly Partial<InstanceInput>[] = []) => {
  const specs = [fields, ...others].map((one, index) =>
    instanceSpec.parse({name: `m${index}`, image: 'omni-test/busybox', ...one}),
  )
  const found = await machines.provider.refusals({instances: specs, profiles: ['planned'], networks: ['planned']})
  return found.map(({instance, path, message}) => `${instance} ${path.join('.')}: ${message}`)
}

describe.skipIf(socket === undefined)('what Incus cannot honour', () => {
  it('is nothing for a machine that it can make', async () => {
    expect(await refused({})).toEqual([])
    expect(
      await refused({
        image: 'omni-test/cloud',
        cloud_init: {runcmd: ['true']},
        network: {ipv4: `${network.prefix}.20`},
        profiles: ['default', 'planned'],
        mounts: [{source: tmpdir(), target: '/mnt'}],
        config: {'limits.cpu': '0-1', 'environment.A': 'b', 'user.x': 'y', 'limits.memory': '50%'},
        devices: {gone: {type: 'none'}},
      }),
    ).toEqual([])
    expect(await refused({network: {name: 'planned'}})).toEqual([])
  })

  it('is told all at once, with the fields', async () => {
    const found = await refused(
      {
        type: 'vm',
        memory: '1MB',
        profiles: ['default', 'defautl'],
        network: {ipv4: '192.0.2.1'},
        cloud_init: '#cloud-config\n',
        mounts: [{source: '/no/such/folder', target: '/mnt'}],
        ports: [{listen: 8080, target: 80}],
        location: 'elsewhere',
        disk: '10GB',
        config: {'limits.cpu': 1.5, 'limits.memroy': '1G', 'limits.processes': 'many', 'volatile.x': 'y'},
        devices: {half: {path: '/x'}, odd: {type: 'dsik'}},
      },
      [{ports: [{listen: 8080, target: 80, host_ip: '0.0.0.0'}], network: {name: 'planed', ipv4: '192.0.2.1'}}],
    )
    const about = found.map((line) => line.replace(/: .*/s, ''))
    expect(about).toEqual([
      'm0 type',
      'm0 profiles.1',
      'm0 memory',
      'm0 disk',
      'm0 mounts.0.source',
      'm0 location',
      'm0 image',
      'm0 cloud_init',
      'm0 network.ipv4',
      'm0 ports.0.host_ip',
      'm0 devices.half',
      'm0 devices.odd.type',
      'm0 config.limits.cpu',
      'm0 config.limits.memroy',
      'm0 config.limits.processes',
      'm0 config.volatile.x',
      'm1 network.name',
      'm1 network.ipv4',
      'm1 ports.0.listen',
    ])
  })
})

describe.skipIf(socket === undefined)('what Incus cannot honour by what it has already', () => {
  it('is an address outside of the network, of the host, or of another machine', async () => {
    const {provider, spec} = machines
    const {prefix, name} = network
    expect(await refused({network: {ipv4: '192.0.2.1'}})).toEqual([
      `m0 network.ipv4: 192.0.2.1 is outside of '${name}', which is ${prefix}.1/24`,
    ])
    expect(await refused({network: {ipv4: `${prefix}.1`}})).toHaveLength(1)
    await provider.create(spec('holder', {network: {ipv4: `${prefix}.30`}}))
    expect(await refused({network: {ipv4: `${prefix}.30`}})).toEqual([
      `m0 network.ipv4: ${prefix}.30 belongs to 'holder'`,
    ])
    expect(await refused({name: 'holder', network: {ipv4: `${prefix}.30`}})).toEqual([])
  })

  it('is a virtual machine where the server has none, with its reason', async () => {
    const {environment} = await machines.client.server()
    if (environment?.driver.includes('qemu') === true) return
    expect((await refused({type: 'vm'}))[0]).toMatch(/^m0 type: this server has no virtual machines: \w/)
  })

  it('is a disk of a size on a pool that is a folder without quotas', async () => {
    expect(await refused({disk: '10GB'})).toEqual([
      "m0 disk: the storage pool 'default' is a folder without quotas: it cannot hold a disk to a size",
    ])
  })

  it('is asked in few requests, however many machines there are', async () => {
    let count = 0
    const counting: IncusClient = {
      ...machines.client,
      fetch(schema, request, options) {
        count++
        return machines.client.fetch(schema, request, options)
      },
    }
    const context = testContext({INCUS_SOCKET: socket}, machines.home)
    const provider = createIncus(counting, {context, settings: {}})
    const instances = Array.from({length: 50}, (_, index) => machines.spec(`n${index}`))
    expect(await provider.refusals({instances, profiles: [], networks: []})).toEqual([])
    expect(count).toBeLessThanOrEqual(3)
  })
})
