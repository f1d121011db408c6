import {execFileSync} from 'node:child_process'
import {once} from 'node:events'
import {chmodSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {poll} from '@omni-cli/sdk'
import {afterAll, beforeAll, describe, expect, it, test} from 'vitest'
import {waitingProgram} from '../../../src/runtimes/docker/room-image.ts'
import type {InstanceRequest, RuntimeInstance} from '../../../src/runtimes/runtime.ts'
import {type Bench, dockerHost, field, inspected, openBench, someName} from './support.ts'

const live = test.skipIf(dockerHost === undefined)
const soon = {everyMs: 20, timeoutMs: 10_000}
let bench: Bench
beforeAll(() => {
  if (dockerHost !== undefined) bench = openBench()
})
afterAll(() => bench?.end())

const roomOf = async (id: string): Promise<string> =>
  /^container:(.+)$/.exec((await inspected(bench.engine, id)).HostConfig.NetworkMode)?.[1] ?? ''

const roomsThere = async (): Promise<string[]> => {
  const filters = JSON.stringify({label: [`omni.owner=${bench.owner}`, 'omni.room']})
  const found = await bench.engine.call('GET', '/containers/json', {query: {all: true, filters}})
  return Array.isArray(found) ? found.map((one) => field(one, 'Id')) : []
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** What it answers, as soon as it listens. */
const served = ({address}: RuntimeInstance): Promise<string> =>
  poll(soon, () =>
    fetch(`http://${address}/`).then(
      (answer) => answer.text(),
      () => undefined,
    ),
  )

const kept = (more: object = {}): Promise<InstanceRequest> =>
  bench.request({port: 8080, keep_network: true, stop_grace_secs: 1, ...more})

const crash = async (id: string): Promise<void> => {
  await bench.engine.call('POST', `/containers/${id}/kill`)
  await bench.exited(id)
}

live('a successor after a crash has the address and the names of the replica before it', async () => {
  const {runtime, engine} = bench
  const request = await kept({aliases: ['shop'], internal: true})
  const first = await runtime.create(request)
  const room = await roomOf(first.id)
  expect(await served(first)).toBe('hello\n')
  await crash(first.id)
  const second = await runtime.create(request)
  await runtime.remove(first.id)

  expect(await roomOf(second.id)).toBe(room)
  expect(second.address).toBe(first.address)
  expect(await served(second)).toBe('hello\n')
  const {Networks} = (await inspected(engine, room)).NetworkSettings
  expect(Networks[`orca-${request.spec.project}`].Aliases).toEqual(expect.arrayContaining([request.service, 'shop']))
  expect(Networks['orca-internal'].Aliases).toContain(`orca-${request.service}`)
  await runtime.settled()
  expect(await roomsThere()).toEqual([room])
  await runtime.remove(second.id)
  await poll(soon, async () => (await roomsThere()).length === 0)
})

live('two replicas of one release at once do not share a room', async () => {
  const {runtime} = bench
  const request = await kept()
  const [first, second] = [await runtime.create(request), await runtime.create(request)]
  expect(await roomOf(second.id)).not.toBe(await roomOf(first.id))
  await Promise.all([first, second].map(({id}) => runtime.remove(id)))
  await poll(soon, async () => (await roomsThere()).length === 0)
})

live('without its room a replica is ended, and its successor gets another one', async () => {
  const {runtime, engine} = bench
  const request = await kept()
  const first = await runtime.create(request)
  const room = await roomOf(first.id)
  await engine.call('POST', `/containers/${room}/kill`)
  await bench.exited(first.id)
  const second = await runtime.create(request)
  expect(await roomOf(second.id)).not.toBe(room)
  expect(await served(second)).toBe('hello\n')
  await Promise.all([first, second].map(({id}) => runtime.remove(id)))
  await poll(soon, async () => (await roomsThere()).length === 0)
})

live('a room that lost its network gets it back, and the new address of the replica is listed', async () => {
  const {runtime, engine} = bench
  const request = await kept({network: someName('net')})
  const network = `orca-${request.spec.network}`
  const instance = await runtime.create(request)
  const room = await roomOf(instance.id)
  const before = bench.events.length
  await engine.call('POST', `/networks/${network}/disconnect`, {json: {Container: room, Force: true}})
  await poll(soon, () => bench.events.slice(before).some(({type}) => type === 'resync'))
  const found = (await runtime.list()).find(({id}) => id === instance.id)
  expect(found?.address).toBe(`${(await inspected(engine, room)).NetworkSettings.Networks[network].IPAddress}:8080`)
  expect(await served(found ?? instance)).toBe('hello\n')
  await runtime.remove(instance.id)
})

live('a runtime that starts anew finds replicas with their addresses, and uses their rooms again', async () => {
  const request = await kept()
  const instance = await bench.runtime.create(request)
  const room = await roomOf(instance.id)
  await bench.runtime.close()
  const {home, owner} = bench
  bench = openBench({home, owner})
  expect((await bench.runtime.list()).find(({id}) => id === instance.id)).toEqual(instance)
  await poll(soon, async () => {
    await bench.runtime.settled()
    return (await roomsThere()).includes(room)
  })
  await crash(instance.id)
  const next = await bench.runtime.create(request)
  expect(await roomOf(next.id)).toBe(room)
  await Promise.all([instance, next].map(({id}) => bench.runtime.remove(id)))
})

live('a replica that cannot be started leaves no room', async () => {
  const {runtime} = bench
  const request = await kept({command: ['/no/such/program']})
  await expect(runtime.create(request)).rejects.toThrow(/its program cannot be run/)
  await poll(soon, async () => (await roomsThere()).length === 0)
})

live('rooms that are being made are not put in order', async () => {
  const {runtime} = bench
  const requests = await Promise.all(Array.from({length: 6}, () => kept()))
  const instances = await Promise.all(
    requests.map(async (request) => {
      const first = await runtime.create(request)
      // Each removal puts things in order while the others are being made.
      await runtime.remove(first.id)
      return await runtime.create(request)
    }),
  )
  expect(await Promise.all(instances.map(served))).toEqual(instances.map(() => 'hello\n'))
  await Promise.all(instances.map(({id}) => runtime.remove(id)))
  await poll(soon, async () => (await roomsThere()).length === 0)
})

live('ports that are opened on the host belong to the room', async () => {
  const {runtime, engine} = bench
  const port = await freePort()
  const instance = await runtime.create(await kept({extra_ports: [`127.0.0.1:${port}:8080`]}))
  const {Ports} = (await inspected(engine, await roomOf(instance.id))).NetworkSettings
  expect(Ports['8080/tcp']).toEqual([{HostIp: '127.0.0.1', HostPort: String(port)}])
  expect(await served({...instance, address: `127.0.0.1:${port}`})).toBe('hello\n')
  await runtime.remove(instance.id)
})

describe('the program that does nothing', () => {
  it.runIf(process.platform === 'linux' && process.arch === 'x64')('runs until it is killed', () => {
    const folder = mkdtempSync(join(tmpdir(), 'omni-room-'))
    const file = join(folder, 'room')
    try {
      writeFileSync(file, waitingProgram('x86_64'))
      chmodSync(file, 0o755)
      expect(() => execFileSync(file, {timeout: 300, killSignal: 'SIGKILL'})).toThrow(
        expect.objectContaining({signal: 'SIGKILL', code: 'ETIMEDOUT'}),
      )
    } finally {
      rmSync(folder, {recursive: true})
    }
  })

  it('is an executable for each architecture it knows, and another one is refused', () => {
    expect(waitingProgram('x86_64').readUInt16LE(18)).toBe(62)
    const arm = waitingProgram('aarch64')
    expect([arm.readUInt16LE(18), arm.length, arm.readUInt32LE(120 + 20)]).toEqual([183, 148, 0xd4000001])
    expect(() => waitingProgram('riscv64')).toThrow(/not possible on the architecture 'riscv64'/)
  })
})
