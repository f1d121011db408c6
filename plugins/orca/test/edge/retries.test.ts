import type {Socket} from 'node:net'
import {afterEach, expect, it} from 'vitest'
import {statusOf} from './support/raw-client.ts'
import {get, lastGet, ok, Scope, web} from './support/scope.ts'

const scope = new Scope()
afterEach(() => scope.close())

const POST = 'POST / HTTP/1.1\r\nHost: web.test\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello'

/** A backend that answers `good`; counts its requests. */
async function goodBackend() {
  const seen: string[] = []
  const address = await scope.rawBackend((socket) => {
    socket.setEncoding('latin1')
    socket.on('data', (text) => {
      seen.push(String(text))
      socket.write(ok('good'))
    })
  })
  return {address, seen}
}

/** A backend that does something wicked with its connection once a request is there. */
const wickedBackend = (act: (socket: Socket) => void) =>
  scope.rawBackend((socket) => socket.once('data', () => act(socket)))

function edgeWithFailures() {
  const failures: string[] = []
  const edge = scope.edge({onTargetFailure: (address) => failures.push(address)})
  return {edge, failures}
}

it.each([
  ['GET', lastGet()],
  ['POST with a body', POST],
])('%s goes to the next target when one refuses the connection', async (_what, request) => {
  const {edge, failures} = edgeWithFailures()
  const dead = await scope.deadAddress()
  const good = await goodBackend()
  await edge.apply(web([dead, good.address]))

  for (let count = 0; count < 4; count++) expect(await edge.talk(request)).toContain('good')

  expect(failures).toEqual([dead])
  expect(good.seen.every((text) => text.startsWith(request.slice(0, 4)))).toBe(true)
  expect(good.seen).toHaveLength(4)
})

it('GET is repeated elsewhere when the connection breaks before an answer', async () => {
  const {edge, failures} = edgeWithFailures()
  const bad = await wickedBackend((socket) => socket.resetAndDestroy())
  const good = await goodBackend()
  await edge.apply(web([bad, good.address]))

  expect(await edge.talk(lastGet())).toContain('good')
  expect(failures).toEqual([bad])
})

it.each([
  ['POST', 'POST / HTTP/1.1\r\nHost: web.test\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'],
  ['PATCH', 'PATCH / HTTP/1.1\r\nHost: web.test\r\nConnection: close\r\n\r\n'],
  ['PUT with a body', POST.replace('POST', 'PUT')],
])('%s is never sent twice', async (_what, request) => {
  const {edge} = edgeWithFailures()
  const bad = await wickedBackend((socket) => socket.resetAndDestroy())
  const good = await goodBackend()
  await edge.apply(web([bad, good.address]))

  expect(statusOf(await edge.talk(request))).toBe(502)
  expect(good.seen).toEqual([])
})

it('nothing is repeated once a byte of an answer came', async () => {
  const {edge} = edgeWithFailures()
  const bad = await wickedBackend((socket) => socket.write('HTTP/1.1 2', () => socket.destroy()))
  const good = await goodBackend()
  await edge.apply(web([bad, good.address]))

  expect(statusOf(await edge.talk(lastGet()))).toBe(502)
  expect(good.seen).toEqual([])
})

it('all targets failing is a 502, and each was tried once', async () => {
  const {edge, failures} = edgeWithFailures()
  const dead = [await scope.deadAddress(), await scope.deadAddress(), await scope.deadAddress()]
  await edge.apply(web(dead))

  const answer = await edge.talk(lastGet())

  expect(statusOf(answer)).toBe(502)
  expect(answer).toMatch(/request id: \S+\n$/)
  expect(failures.toSorted()).toEqual(dead.toSorted())
})

it('a request that kills its target does not go through all of them', async () => {
  const {edge, failures} = edgeWithFailures()
  const killers = await Promise.all(Array.from({length: 6}, () => wickedBackend((socket) => socket.resetAndDestroy())))
  await edge.apply(web(killers))

  expect(statusOf(await edge.talk(lastGet()))).toBe(502)
  expect(failures).toHaveLength(3)
})

it('a kept connection that the backend closed meanwhile costs nobody a request', async () => {
  const {edge} = edgeWithFailures()
  const sockets: Socket[] = []
  const address = await scope.rawBackend((socket) => {
    sockets.push(socket)
    // The first connection answers once and then closes as the second request arrives.
    const isFirst = sockets.length === 1
    let requests = 0
    socket.on('data', () => {
      if (isFirst && ++requests === 2) socket.resetAndDestroy()
      else socket.write(ok('good'))
    })
  })
  await edge.apply(web([address]))

  expect(await edge.talk(lastGet())).toContain('good')
  expect(await edge.talk(lastGet())).toContain('good')
  expect(sockets).toHaveLength(2)
})

it('a target that failed is left alone for a while, then one request probes it', async () => {
  const edge = scope.edge({timeouts: {ejectMs: 100}})
  const good = await goodBackend()
  let connections = 0
  let isBroken = true
  const flaky = await scope.rawBackend((socket) => {
    connections++
    if (isBroken) socket.resetAndDestroy()
    else socket.on('data', () => socket.write(ok('flaky')))
  })
  await edge.apply(web([flaky, good.address]))

  for (let count = 0; count < 10; count++) expect(await edge.talk(lastGet())).toContain('good')
  expect(connections).toBe(1)

  isBroken = false
  await expect.poll(() => edge.talk(lastGet()), {timeout: 5_000}).toContain('flaky')
})

it('counts each attempt of a version', async () => {
  const {edge} = edgeWithFailures()
  const good = await goodBackend()
  const dead = await scope.deadAddress()
  await edge.apply(
    web([
      {address: dead, weight: 1, version: 'v2'},
      {address: good.address, weight: 1, version: 'v1'},
    ]),
  )
  const client = edge.connect()

  client.write(get())
  await client.readUntil('good')

  const stats = Object.fromEntries(edge.plane.stats().map((entry) => [entry.version, entry]))
  expect(stats.v2).toMatchObject({service: 'web', requests: 1, classes: [1, 0, 0, 0, 0, 0], inFlight: 0})
  expect(stats.v1).toMatchObject({service: 'web', requests: 1, classes: [0, 0, 1, 0, 0, 0], inFlight: 0})
  expect(stats.v1?.buckets.at(-1)).toBe(1)
  expect(stats.v1?.seconds).toBeGreaterThan(0)
})
