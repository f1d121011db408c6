import {poll} from '@omni-cli/sdk'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {createDockerRuntime} from '../../../src/runtimes/docker/docker-runtime.ts'
import {type Bench, BUSYBOX, dockerHost, inspected, openBench, SLEEPER, someName} from './support.ts'

const it = test.skipIf(dockerHost === undefined)
let bench: Bench
beforeAll(() => {
  bench = openBench()
})
afterAll(() => bench.end())

const soon = {everyMs: 20, timeoutMs: 10_000}

it('a container that is removed by hand is told as ended', async () => {
  const {runtime, engine} = bench
  const instance = await runtime.create(await bench.request({command: SLEEPER}))
  await engine.call('DELETE', `/containers/${instance.id}`, {query: {force: true}})
  expect((await bench.exited(instance.id)).state).toBe('exited')
  await runtime.remove(instance.id)
  expect((await runtime.list()).map(({id}) => id)).not.toContain(instance.id)
})

it('a container that is renamed by hand gets its name back', async () => {
  const {runtime, engine} = bench
  const request = await bench.request({command: SLEEPER})
  const instance = await runtime.create(request)
  await engine.call('POST', `/containers/${instance.id}/rename`, {query: {name: someName('other')}})
  await poll(soon, async () => (await inspected(engine, instance.id)).Name === `/orca-${request.service}`)
  expect(await runtime.list()).toContainEqual(instance)
  await runtime.remove(instance.id)
})

it('a container that was taken off its network is connected again, and its new address is listed', async () => {
  const {runtime, engine} = bench
  const request = await bench.request({command: SLEEPER, port: 80, network: someName('net')})
  const instance = await runtime.create(request)
  const network = `orca-${request.spec.network}`
  const before = bench.events.length
  await engine.call('POST', `/networks/${network}/disconnect`, {json: {Container: instance.id, Force: true}})
  await poll(soon, () => bench.events.slice(before).some(({type}) => type === 'resync'))
  const {NetworkSettings} = await inspected(engine, instance.id)
  expect(NetworkSettings.Networks[network].Aliases).toEqual(expect.arrayContaining([request.service]))
  const found = (await runtime.list()).find(({id}) => id === instance.id)
  expect(found?.address).toBe(`${NetworkSettings.Networks[network].IPAddress}:80`)
  await runtime.remove(instance.id)
})

it('of two networks of one name one is left, and a replica starts on it', async () => {
  const {runtime, engine, owner} = bench
  const request = await bench.request({command: SLEEPER, network: someName('net')})
  const network = `orca-${request.spec.network}`
  const json = {Name: network, Driver: 'bridge', Labels: {'omni.owner': owner}}
  await Promise.all([1, 2].map(() => engine.call('POST', '/networks/create', {json})))
  const instance = await runtime.create(request)
  const {NetworkSettings} = await inspected(engine, instance.id)
  expect(Object.keys(NetworkSettings.Networks)).toEqual([network])
  await runtime.remove(instance.id)
})

it('a network that is removed by hand is made again', async () => {
  const {runtime, engine} = bench
  const request = await bench.request({command: SLEEPER, network: someName('net')})
  const network = `orca-${request.spec.network}`
  const first = await runtime.create(request)
  await engine.call('POST', `/containers/${first.id}/kill`)
  await bench.exited(first.id)
  await engine.call('DELETE', `/networks/${network}`)
  const second = await runtime.create({...request, index: 1})
  const {NetworkSettings} = await inspected(engine, second.id)
  expect(Object.keys(NetworkSettings.Networks)).toEqual([network])
  await Promise.all([first, second].map(({id}) => runtime.remove(id)))
})

it('a container that is started by hand after its end asks for a look, and is listed', async () => {
  const {runtime, engine} = bench
  // It keeps the network.
  const other = await runtime.create(await bench.request({command: SLEEPER}))
  const instance = await runtime.create(await bench.request({command: SLEEPER}))
  await engine.call('POST', `/containers/${instance.id}/kill`)
  await bench.exited(instance.id)
  await runtime.remove(instance.id)
  await runtime.settled()
  const before = bench.events.length
  await engine.call('POST', `/containers/${instance.id}/start`)
  await poll(soon, () => bench.events.slice(before).some(({type}) => type === 'resync'))
  expect((await runtime.list()).find(({id}) => id === instance.id)?.state).toBe('running')
  await runtime.stop(instance.id, {graceMs: 0})
  await runtime.remove(instance.id)
  expect(await inspected(engine, instance.id)).toBeUndefined()
  await runtime.remove(other.id)
})

it("a name that a stranger's container has is left to it, and taken when it is free", async () => {
  const {runtime, engine} = bench
  const request = await bench.request({command: SLEEPER})
  const name = `orca-${request.service}`
  const json = {Image: BUSYBOX, Cmd: SLEEPER}
  const answer = await engine.call('POST', '/containers/create', {query: {name}, json})
  const stranger = answer as {Id: string}
  const instance = await runtime.create(request)
  expect((await inspected(engine, instance.id)).Name).toMatch(new RegExp(`^/${name}\\.r1-[0-9a-f]{6}$`))
  expect((await inspected(engine, name)).Id).toBe(stranger.Id)
  await engine.call('DELETE', `/containers/${stranger.Id}`)
  const next = await runtime.create({...request, index: 1})
  await runtime.remove(next.id)
  await runtime.settled()
  expect((await inspected(engine, name)).Id).toBe(instance.id)
  await runtime.remove(instance.id)
})

it('two versions live side by side; the new one gets the name when the old one is removed', async () => {
  const {runtime, engine} = bench
  const request = await bench.request({command: SLEEPER})
  const old = await runtime.create(request)
  const next = await runtime.create({...request, release: 'r2'})
  expect((await inspected(engine, `orca-${request.service}`)).Id).toBe(old.id)
  await runtime.stop(old.id, {graceMs: 0})
  await runtime.remove(old.id)
  await runtime.settled()
  expect((await inspected(engine, `orca-${request.service}`)).Id).toBe(next.id)
  await runtime.remove(next.id)
})

it('a network that has gone unnoticed is made at the next start', async () => {
  const {engine, home} = bench
  const unaware = createDockerRuntime({home, owner: bench.owner, env: {DOCKER_HOST: dockerHost}})
  const request = await bench.request({command: SLEEPER, network: someName('net')})
  const first = await unaware.create(request)
  await unaware.stop(first.id, {graceMs: 0})
  await engine.call('DELETE', `/networks/orca-${request.spec.network}`)
  const second = await unaware.create({...request, index: 1})
  expect(second.state).toBe('running')
  await Promise.all([first, second].map(({id}) => unaware.remove(id)))
  await unaware.close()
})
