import {afterEach, expect, it} from 'vitest'
import {edgeBefore} from './support/edges.ts'
import {get, lastGet, Scope} from './support/scope.ts'

const scope = new Scope()
afterEach(() => scope.close())

it('are used again, also by other clients', async () => {
  let connections = 0
  const address = await scope.httpBackend(
    (_request, response) => response.end('hello'),
    (server) =>
      server.on('connection', () => {
        connections++
      }),
  )
  const edge = await edgeBefore(scope, address)

  for (let count = 0; count < 5; count++) expect(await edge.talk(lastGet())).toContain('hello')

  expect(connections).toBe(1)
})

it('are not used again when the backend says close', async () => {
  let connections = 0
  const address = await scope.rawBackend((socket) => {
    connections++
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'))
  })
  const edge = await edgeBefore(scope, address)
  const client = edge.connect()

  for (let count = 1; count <= 3; count++) {
    client.write(get())
    await client.readUntil((received) => received.match(/\r\n\r\nok/g)?.length === count)
  }

  expect(connections).toBe(3)
  expect(client.received).not.toContain('Connection: close')
})
