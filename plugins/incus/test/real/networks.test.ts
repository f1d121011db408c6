import {randomBytes} from 'node:crypto'
import {networkSpec} from '@omni-cli/sdk'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {networkWire} from '../../src/client/wire.ts'
import {createNetworks} from '../../src/provider/networks.ts'
import {createNetworkedProject} from './networked-project.ts'
import {socket, type TestProject} from './test-project.ts'

let project: TestProject
let networks: ReturnType<typeof createNetworks>
const id = randomBytes(3).toString('hex')
const made: string[] = []
const spec = (suffix: string, fields: object = {}) => {
  made.push(`n${id}${suffix}`)
  return networkSpec.parse({name: `n${id}${suffix}`, ...fields})
}

beforeAll(async () => {
  if (socket === undefined) return
  project = await createNetworkedProject()
  networks = createNetworks(project.client)
}, 60_000)
afterAll(async () => {
  if (socket === undefined) return
  for (const name of new Set(made)) await networks.remove(name)
  await project.remove()
}, 60_000)

const addressIn = async (name: string) => (await networks.get(name))?.address?.replace(/\.1\/24$/, '.55')

describe.skipIf(socket === undefined)('networks', () => {
  it('two that choose their subnets at once get different ones, which are free here', async () => {
    const metadata = {'omni.plan': `plan-${id}`}
    const [one, two] = await Promise.all([
      networks.create(spec('a', {metadata})),
      networks.create(spec('b', {description: 'second', metadata})),
    ])

    expect(one).toMatchObject({
      ipv4: 'auto',
      ipv6: 'none',
      nat: true,
      dhcp: true,
      managed: true,
      config: {},
      usedBy: [],
    })
    expect(two).toMatchObject({description: 'second', labels: metadata, metadata})
    expect(one.address).toMatch(/^\d+\.\d+\.\d+\.1\/24$/)
    expect(two.address).not.toBe(one.address)
    const found = await networks.list({labels: metadata})
    expect(found.map(({name}) => name).sort()).toEqual([one.name, two.name])
    await expect(networks.create(spec('a'))).rejects.toMatchObject({code: 'CONFLICT'})
  }, 60_000)

  it('an update keeps the chosen subnet and what was set by hand', async () => {
    const before = await networks.create(spec('c', {config: {'ipv4.dhcp.expiry': '2h'}}))
    const path = `/networks/${before.name}`
    await project.client.send({method: 'PATCH', path, json: {config: {'bridge.mtu': '1400'}}})
    const after = await networks.update(before.name, spec('c', {nat: false, config: {'dns.domain': 'team'}}))

    expect(after).toMatchObject({ipv4: 'auto', address: before.address, nat: false, config: {'dns.domain': 'team'}})
    expect(after.config).toEqual({'dns.domain': 'team'})
    const {value} = await project.client.fetch(networkWire, {method: 'GET', path})
    expect(value.config).toMatchObject({'bridge.mtu': '1400', 'ipv4.nat': 'false'})
    expect(value.config).not.toHaveProperty('ipv4.dhcp.expiry')
  }, 60_000)

  it.each([
    ['a network of Incus', '10.117.0.77/25', /overlaps 10\.117\.0\.1\/24 \(network omnibr0\)/],
    ['an interface of this machine', '127.0.0.1/24', /overlaps 127\.0\.0\.1\/8 \(interface lo\)/],
  ])('an address that overlaps %s is refused', async (_, ipv4, message) => {
    await expect(networks.create(spec('d', {ipv4}))).rejects.toMatchObject({code: 'CONFLICT'})
    await expect(networks.create(spec('d', {ipv4}))).rejects.toThrow(message)
    expect(await networks.get(`n${id}d`)).toBeUndefined()
  })

  it('tells leases and users, and one in use is not removed', async () => {
    const {name} = await networks.create(spec('f', {ipv4: 'auto'}))
    const machine = `lease-${id}`
    await project.launch(machine)
    const eth0 = {type: 'nic', name: 'eth0', network: name, 'ipv4.address': (await addressIn(name)) ?? ''}
    await project.client.send({method: 'PATCH', path: `/instances/${machine}`, json: {devices: {eth0}}})

    expect(await networks.get(name)).toMatchObject({
      usedBy: [expect.stringContaining(machine)],
      leases: [{instance: machine, address: eth0['ipv4.address'], mac: expect.any(String)}],
    })
    await expect(networks.remove(name)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining(machine),
    })
    const back = {type: 'nic', name: 'eth0', network: 'omnibr0'}
    await project.client.send({method: 'PATCH', path: `/instances/${machine}`, json: {devices: {eth0: back}}})
    await networks.remove(name)
    await networks.remove(name)
    expect(await networks.get(name)).toBeUndefined()
  }, 60_000)

  it('lists interfaces of the host as not managed', async () => {
    const all = await networks.list()

    expect(all.find(({name}) => name === 'omnibr0')).toMatchObject({managed: true, ipv4: '10.117.0.1/24', nat: true})
    expect(all.find(({name}) => name === 'lo')).toBeUndefined()
    expect(all.some(({managed}) => !managed)).toBe(true)
  })
})
