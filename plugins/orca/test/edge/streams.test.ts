import {once} from 'node:events'
import {createServer as createHttpServer} from 'node:http'
import type {AddressInfo} from 'node:net'
import {afterEach, expect, it} from 'vitest'
import WebSocket, {WebSocketServer} from 'ws'
import {statusOf} from './support/raw-client.ts'
import {lastGet, Scope, web} from './support/scope.ts'

const scope = new Scope()
afterEach(() => scope.close())

/** A WebSocket server that answers each message with itself. */
async function echoSocketServer() {
  const http = createHttpServer((_request, response) => response.end('plain'))
  const sockets = new WebSocketServer({server: http, handleProtocols: (protocols) => [...protocols][0] ?? false})
  sockets.on('connection', (socket, request) => {
    socket.on('message', (data, isBinary) => socket.send(data, {binary: isBinary}))
    if (request.url === '/greet') socket.send('welcome')
    if (request.url === '/bye') socket.close(4001, 'bye')
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  scope.add(() => {
    for (const socket of sockets.clients) socket.terminate()
    http.close()
  })
  return `127.0.0.1:${(http.address() as AddressInfo).port}`
}

function openSocket(port: number, path = '/', protocols: string[] = []) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, {headers: {Host: 'web.test'}})
  scope.add(() => socket.terminate())
  return socket
}

it('a WebSocket talks both ways through the edge', async () => {
  const edge = scope.edge()
  await edge.apply(web([await echoSocketServer()]))
  const socket = openSocket(edge.port(), '/', ['chat.v1'])
  await once(socket, 'open')

  expect(socket.protocol).toBe('chat.v1')
  for (const message of [Buffer.from('hello'), Buffer.alloc(300_000, 7)]) {
    socket.send(message)
    expect((await once(socket, 'message'))[0]).toEqual(message)
  }
  expect(edge.plane.stats()[0]).toMatchObject({classes: [0, 1, 0, 0, 0, 0], inFlight: 1})
})

it('a message that comes with the handshake is not lost', async () => {
  const edge = scope.edge()
  await edge.apply(web([await echoSocketServer()]))

  const socket = openSocket(edge.port(), '/greet')

  expect(String((await once(socket, 'message'))[0])).toBe('welcome')
})

it('closing passes both ways with its code, and the target is drained then', async () => {
  const edge = scope.edge()
  const address = await echoSocketServer()
  await edge.apply(web([address]))

  const closedByServer = openSocket(edge.port(), '/bye')
  const [code, reason] = await once(closedByServer, 'close')
  const closedByClient = openSocket(edge.port())
  await once(closedByClient, 'open')
  closedByClient.close(4002)
  await once(closedByClient, 'close')

  expect([code, String(reason)]).toEqual([4001, 'bye'])
  expect(await edge.plane.drained(address, 5_000)).toBe(true)
  expect(edge.plane.stats()[0]?.inFlight).toBe(0)
})

it('a backend that does not switch answers as usual', async () => {
  const edge = scope.edge()
  await edge.apply(web([await scope.httpBackend((_request, response) => response.writeHead(403).end('no'))]))

  const answer = await edge.talk(lastGet('/', 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n'))

  expect(statusOf(answer)).toBe(403)
})

const tcp = (targets: string[]) => web(targets, {protocol: 'tcp', hosts: []})

it('tcp services pass raw bytes and both ends of a connection', async () => {
  const edge = scope.edge()
  const address = await scope.rawBackend((socket) => {
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('end', () => socket.end(`got ${text}`))
  })
  await edge.apply(tcp([address]))
  const client = edge.connect('web')

  client.socket.end('\0\r\nanything\n\n')

  expect(await client.readToEnd()).toBe('got \0\r\nanything\n\n')
  expect(await edge.plane.drained(address, 5_000)).toBe(true)
})

it('tcp goes to the next target when one refuses, and resets the client when none is left', async () => {
  const failures: string[] = []
  const edge = scope.edge({onTargetFailure: (address) => failures.push(address)})
  const dead = await scope.deadAddress()
  const alive = await scope.rawBackend((socket) => socket.end('hello'))
  await edge.apply(tcp([dead, alive]))

  expect(await edge.connect('web').readToEnd()).toBe('hello')
  expect(failures).toEqual([dead])

  await edge.apply(tcp([dead]))
  const client = edge.connect('web')
  await client.closed
  expect(client.isReset).toBe(true)
})

it('tcp connections under way survive a new table', async () => {
  const edge = scope.edge()
  const echo = () => scope.rawBackend((socket) => socket.pipe(socket))
  const [old, fresh] = [await echo(), await echo()]
  await edge.apply(tcp([old]))
  const client = edge.connect('web')
  client.write('one')
  await client.readUntil('one')

  await edge.apply(tcp([fresh]))
  client.write('two')

  expect(await client.readUntil('onetwo')).toBe('onetwo')
  expect(await edge.plane.drained(old, 10)).toBe(false)
})
