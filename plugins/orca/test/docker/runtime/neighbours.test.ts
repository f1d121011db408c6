import {statSync} from 'node:fs'
import {join} from 'node:path'
import {poll} from '@omni-cli/sdk'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {type Bench, BUSYBOX, dockerHost, inspected, openBench, SLEEPER, someName} from './support.ts'

const it = test.skipIf(dockerHost === undefined)
let bench: Bench
const shared = someName('net')
const made: string[] = []
const networks: string[] = []
beforeAll(() => {
  bench = openBench()
})
afterAll(async () => {
  for (const id of made)
    await bench.engine.call('DELETE', `/containers/${id}`, {query: {force: true, v: true}}).catch(() => undefined)
  for (const name of networks) await bench.engine.call('DELETE', `/networks/${name}`).catch(() => undefined)
  await bench.end()
})

interface Orca {
  readonly label: string
  readonly name?: string | undefined
  readonly env?: readonly string[] | undefined
  readonly network: string
  readonly aliases?: readonly string[] | undefined
}

/** A container as an Orca makes it. */
async function orca({label, name = label, env = [], network, aliases = []}: Orca): Promise<string> {
  if (!networks.includes(network)) {
    await bench.engine.call('POST', '/networks/create', {json: {Name: network}})
    networks.push(network)
  }
  const json = {
    ...{Image: BUSYBOX, Env: env, Cmd: SLEEPER, ExposedPorts: {'8080/tcp': {}}},
    Labels: {'orca.managed': 'true', 'orca.service': label, 'orca.network': network.slice('orca-'.length)},
    HostConfig: {PortBindings: {'8080/tcp': [{HostIp: '127.0.0.1', HostPort: ''}]}},
  }
  const answer = await bench.engine.call('POST', '/containers/create', {query: {name: `orca-${name}`}, json})
  const {Id: id} = answer as {Id: string}
  made.push(id)
  const EndpointConfig = {Aliases: [...aliases, `orca-${label}`]}
  await bench.engine.call('POST', `/networks/${network}/connect`, {json: {Container: id, EndpointConfig}})
  await bench.engine.call('POST', `/containers/${id}/start`)
  return id
}

const find = async (id: string) => (await bench.runtime.list()).find((instance) => instance.id === id)

it("an Orca's container is foreign until it is taken over, which outlives a restart", async () => {
  const {runtime, home, owner} = bench
  const service = someName()
  const id = await orca({label: service, env: ['A=1'], network: `orca-${shared}`})
  expect(await find(id)).toMatchObject({service, index: 0, release: '', isForeign: true})
  const request = await bench.request({network: shared, name: service, env: {A: '1'}, command: SLEEPER, port: 8080})
  const taken = await runtime.takeOver?.(id, request)
  expect(taken).toMatchObject({id, service, release: 'r1', state: 'running'})
  expect(taken?.address).toMatch(/^\d+\.\d+\.\d+\.\d+:8080$/)
  expect((await find(id))?.isForeign).toBeUndefined()
  expect(statSync(join(home, 'engine', 'docker', 'adopted.json')).mode & 0o777).toBe(0o600)
  const restarted = openBench({home, owner})
  expect((await restarted.runtime.list()).find((instance) => instance.id === id)).toEqual(taken)
  await restarted.runtime.close()
  await bench.engine.call('POST', `/containers/${id}/kill`)
  expect((await bench.exited(id)).exit).toMatchObject({signal: 'SIGKILL'})
})

it.each([
  ['another value', {env: {A: '2'}}],
  ['one variable more', {env: {A: '1', B: '1'}}],
  ['another command', {command: ['sleep', '2']}],
  ['another port', {port: 81}],
  ['a limit', {resources: {memory: '64Mi'}}],
  ['a mount', {mounts: ['/tmp:/in']}],
  ['a volume', {volume: {path: '/in'}}],
  ['another network', {network: 'elsewhere'}],
  ['another alias', {aliases: ['db']}],
  ['the internal network', {internal: true}],
])('a container that differs by %s is not taken over', async (_, input) => {
  const service = someName()
  const id = await orca({label: service, env: ['A=1'], network: `orca-${shared}`})
  const same = {network: shared, name: service, env: {A: '1'}, command: SLEEPER, port: 8080}
  expect(await bench.runtime.takeOver?.(id, await bench.request({...same, ...input}))).toBeUndefined()
  expect((await find(id))?.isForeign).toBe(true)
  await bench.runtime.remove(id)
  expect(await inspected(bench.engine, id)).toBeUndefined()
})

it('replicas of an Orca are told from services of such a name, and a service from one whose name is longer', async () => {
  const service = someName()
  const network = `orca-${shared}`
  const first = await orca({label: `${service}-0`, network})
  const second = await orca({label: `${service}-1`, network})
  const longer = await orca({label: `${service}-admin`, network})
  expect(await find(first)).toMatchObject({service, index: 0})
  expect(await find(second)).toMatchObject({service, index: 1})
  expect(await find(longer)).toMatchObject({service: `${service}-admin`, index: 0})
  await bench.runtime.purge(service)
  expect(await find(second)).toBeDefined()
})

it("an Orca's container that has ended is listed, and gone when it is removed", async () => {
  const {runtime, engine} = bench
  const id = await orca({label: someName(), network: `orca-${shared}`})
  await engine.call('POST', `/containers/${id}/kill`)
  await poll({everyMs: 20, timeoutMs: 10_000}, async () => (await find(id))?.state === 'exited')
  expect(await find(id)).toMatchObject({isForeign: true, exit: {code: 137}})
  await runtime.remove(id)
  expect(await inspected(engine, id)).toBeUndefined()
})

it('servers on one Engine do not see what belongs to another, also under the same name', async () => {
  const other = openBench()
  const request = await bench.request({command: SLEEPER, volume: {path: '/data'}})
  const mine = await bench.runtime.create(request)
  const theirs = await other.runtime.create(request)
  expect((await bench.runtime.list()).map(({id}) => id)).not.toContain(theirs.id)
  expect((await other.runtime.list()).filter(({isForeign}) => isForeign !== true).map(({id}) => id)).toEqual([
    theirs.id,
  ])
  const volumes = await Promise.all(
    [mine, theirs].map(async ({id}) => (await inspected(bench.engine, id)).Mounts[0].Name),
  )
  expect(volumes[0]).toBe(`orca-${request.service}-data`)
  expect(volumes[1]).not.toBe(volumes[0])
  await other.runtime.purge(request.service)
  expect(await inspected(bench.engine, theirs.id)).toBeUndefined()
  expect(await find(mine.id)).toMatchObject({state: 'running'})
  await bench.runtime.purge(request.service)
  await expect(bench.engine.call('GET', `/volumes/${volumes[0]}`)).rejects.toMatchObject({status: 404})
  await other.end()
})

it("the volume of an Orca is used, and that of a replica is not mixed up with another service's", async () => {
  const {engine, runtime} = bench
  const service = someName()
  await engine.call('POST', '/volumes/create', {json: {Name: `orca-${service}-0-data`}})
  const first = await runtime.create(await bench.request({name: service, command: SLEEPER, volume: {path: '/data'}}))
  expect((await inspected(engine, first.id)).Mounts[0].Name).toBe(`orca-${service}-0-data`)
  const replica = await bench.request({name: service, command: SLEEPER, volume: {path: '/data'}, replicas: 2})
  const second = await runtime.create({...replica, index: 1})
  const namesake = await runtime.create(
    await bench.request({name: `${service}-1`, command: SLEEPER, volume: {path: '/data'}}),
  )
  const [a, b] = await Promise.all([second, namesake].map(({id}) => inspected(engine, id)))
  expect(a.Mounts[0].Name).toBe(`orca-${service}-1-data`)
  expect(b.Mounts[0].Name).not.toBe(a.Mounts[0].Name)
  await Promise.all([service, `${service}-1`].map((name) => runtime.purge(name)))
  await expect(engine.call('GET', `/volumes/orca-${service}-0-data`)).rejects.toMatchObject({status: 404})
})

it('services find each other by their names on the network of the project, and internal ones on that, too', async () => {
  const {runtime, engine} = bench
  const project = someName('project')
  const server = await bench.request({project, command: SLEEPER, aliases: ['db.local'], internal: true})
  const instance = await runtime.create(server)
  const {NetworkSettings} = await inspected(engine, instance.id)
  expect(Object.keys(NetworkSettings.Networks).sort()).toEqual([`orca-${project}`, 'orca-internal'].sort())
  const command = ['sh', '-c', `ping -c1 ${server.service} && ping -c1 orca-${server.service} && ping -c1 db.local`]
  const client = await runtime.create(await bench.request({project, command}))
  expect((await bench.exited(client.id)).exit).toMatchObject({code: 0})
  await Promise.all([instance, client].map(({id}) => runtime.remove(id)))
})

it('figures show the memory, and the processor since the reading before', async () => {
  const {runtime} = bench
  const busy = await runtime.create(await bench.request({command: ['sh', '-c', 'while true; do true; done']}))
  await runtime.stats()
  const figures = await poll({everyMs: 200, timeoutMs: 10_000}, async () => {
    const found = (await runtime.stats()).get(busy.id)
    return found !== undefined && found.cpuPercent > 5 ? found : undefined
  })
  expect(figures.memoryBytes).toBeGreaterThan(10_000)
  await runtime.stop(busy.id, {graceMs: 0})
  await runtime.remove(busy.id)
})
