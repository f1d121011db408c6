import {once} from 'node:events'
import {createServer} from 'node:net'
import {afterEach, expect, it} from 'vitest'
import {bodyOf} from './support/raw-client.ts'
import {addressOf, get, lastGet, Scope, web} from './support/scope.ts'

const scope = new Scope()
afterEach(() => scope.close())

const named = (name: string) => scope.httpBackend((_request, response) => response.end(`<${name}>`))

/** A backend whose answers wait until they are let go. */
async function heldBackend() {
  const letGo = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  const address = await scope.httpBackend(async (_request, response) => {
    arrived.resolve()
    await letGo.promise
    response.end('<held>')
  })
  return {address, arrived: arrived.promise, letGo: letGo.resolve}
}

it('new requests follow a new table at once, on the same client connection', async () => {
  const edge = scope.edge()
  const [one, two] = [await named('one'), await named('two')]
  await edge.apply(web([one]))
  const client = edge.connect()
  client.write(get())
  await client.readUntil('<one>')

  await edge.apply(web([two]))
  client.write(get())

  await client.readUntil('<two>')
})

it('requests under way end on their old target, and drained waits for them', async () => {
  const edge = scope.edge()
  const held = await heldBackend()
  await edge.apply(web([held.address]))
  const client = edge.connect()
  client.write(get())
  await held.arrived

  await edge.apply(web([await named('new')]))

  expect(await edge.talk(lastGet())).toContain('<new>')
  expect(await edge.plane.drained(held.address, 20)).toBe(false)
  const drained = edge.plane.drained(held.address, 10_000)
  held.letGo()
  expect(await client.readUntil('<held>')).not.toContain('<new>')
  expect(await drained).toBe(true)
})

it('an address nobody knows is drained', async () => {
  expect(await scope.edge().plane.drained('127.0.0.1:1', 1)).toBe(true)
})

it('idle connections to a removed target are closed, those to others stay', async () => {
  const edge = scope.edge()
  const closed: string[] = []
  const watched = (name: string) =>
    scope.httpBackend(
      (_request, response) => response.end(`<${name}>`),
      (server) => server.on('connection', (socket) => socket.on('close', () => closed.push(name))),
    )
  const [old, kept] = [await watched('old'), await watched('kept')]
  await edge.apply(web([old, kept]))
  for (let count = 0; count < 4; count++) await edge.talk(lastGet())

  await edge.apply(web([kept]))

  await expect.poll(() => closed).toEqual(['old'])
})

it('a request that has to try again sees the new table', async () => {
  const edge = scope.edge()
  const asked = Promise.withResolvers<() => void>()
  const dying = await scope.rawBackend((socket) =>
    socket.once('data', () => asked.resolve(() => socket.resetAndDestroy())),
  )
  await edge.apply(web([dying]))
  const client = edge.connect()
  client.write(get())
  const kill = await asked.promise

  await edge.apply(web([await named('new')]))
  kill()

  await client.readUntil('<new>')
})

it('a removed port closes gracefully: the request under way ends, then the connection', async () => {
  const edge = scope.edge()
  const held = await heldBackend()
  await edge.apply(web([held.address]))
  const [busy, idle] = [edge.connect('web'), edge.connect('web')]
  const port = edge.port('web')
  busy.write(get())
  await held.arrived

  await edge.apply(web([held.address], {port: undefined}))

  expect(await idle.readToEnd()).toBe('')
  const refused = scope.client(port)
  await refused.closed
  expect(refused.isReset).toBe(true)
  held.letGo()
  const answer = await busy.readToEnd()
  expect(answer).toContain('<held>')
  expect(answer).toContain('Connection: close')
})

it('a port that is taken is reported, the rest is in force, and it is tried again', async () => {
  const edge = scope.edge()
  const squatter = createServer().listen(0, '127.0.0.1')
  await once(squatter, 'listening')
  const port = Number(addressOf(squatter).split(':')[1])
  const service = web([await named('web')], {port})

  const listeners = await edge.apply(service)

  expect(listeners.find((listener) => listener.service === 'web')).toMatchObject({port, error: 'EADDRINUSE'})
  expect(await edge.talk(lastGet())).toContain('<web>')
  squatter.close()
  await once(squatter, 'close')
  expect((await edge.apply(service)).every((listener) => listener.error === undefined)).toBe(true)
  expect(await edge.talk(lastGet(), 'web')).toContain('<web>')
})

it('two services that want one port: the second is told', async () => {
  const edge = scope.edge()
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const port = Number(addressOf(probe).split(':')[1])
  probe.close()
  await once(probe, 'close')

  const listeners = await edge.apply(
    {...web([await named('a')], {port}), service: 'a'},
    {...web([await named('b')], {port}), service: 'b'},
  )

  expect(listeners.map(({service, error}) => [service, error])).toEqual([
    [undefined, undefined],
    ['a', undefined],
    ['b', 'EADDRINUSE'],
  ])
})

it('a port passes from one service to another without a gap in the table', async () => {
  const edge = scope.edge()
  const first = {...web([await named('first')]), service: 'first', hosts: []}
  await edge.apply(first)
  const port = edge.port('first')
  await edge.apply()

  await edge.apply({...first, port})
  await edge.apply({...web([await named('second')], {port}), service: 'second', hosts: []})

  expect(bodyOf(await edge.talk(lastGet(), 'second'))).toContain('<second>')
})

it('tables applied at the same time end with the last one', async () => {
  const edge = scope.edge()
  const [one, two] = [await named('one'), await named('two')]

  await Promise.all([edge.apply(web([one])), edge.apply(web([two])), edge.apply(web([one])), edge.apply(web([two]))])

  expect(await edge.talk(lastGet())).toContain('<two>')
})

it('not one of many requests is lost while targets come and go', async () => {
  const edge = scope.edge()
  const backends = await Promise.all(['a', 'b', 'c', 'd'].map(named))
  await edge.apply(web(backends))
  let isOver = false
  let answered = 0
  const load = async () => {
    const client = edge.connect()
    while (!isOver) {
      client.clear()
      client.write(get())
      await client.readUntil((received) => /<[abcd]>/.test(received))
      expect(client.received).toContain('HTTP/1.1 200')
      answered++
    }
  }
  const clients = Array.from({length: 8}, load)

  for (let round = 0; round < 60; round++) {
    await edge.apply(web(backends.filter((_, index) => index !== round % backends.length)))
    await expect.poll(() => answered, {interval: 1}).toBeGreaterThan(round * 5)
  }
  isOver = true
  await Promise.all(clients)

  expect(answered).toBeGreaterThan(295)
})
