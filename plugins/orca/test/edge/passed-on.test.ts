import {once} from 'node:events'
import {createServer, type IncomingMessage} from 'node:http'
import {gzipSync} from 'node:zlib'
import {afterEach, expect, it} from 'vitest'
import WebSocket, {WebSocketServer} from 'ws'
import {edgeBefore, edgeBeforeAnswer, edgeBeforeHttp} from './support/edges.ts'
import {bodyOf, statusOf} from './support/raw-client.ts'
import {addressOf, lastGet, Scope} from './support/scope.ts'

const scope = new Scope()
afterEach(() => scope.close())

it.each([301, 302, 303, 307, 308])(
  'a %i of the backend is the answer; nobody goes there for the client',
  async (code) => {
    let wasAsked = false
    const elsewhere = await scope.httpBackend((_request, response) => {
      wasAsked = true
      response.end()
    })
    const edge = await edgeBeforeAnswer(
      scope,
      `HTTP/1.1 ${code} Elsewhere\r\nLocation: http://${elsewhere}/there\r\nContent-Length: 0\r\n\r\n`,
    )
    const answer = await edge.talk(lastGet())

    expect(statusOf(answer)).toBe(code)
    expect(answer).toContain(`Location: http://${elsewhere}/there\r\n`)
    expect(wasAsked).toBe(false)
  },
)

it('a part that was asked for comes as that part', async () => {
  const edge = await edgeBeforeHttp(scope, ({headers}, response) => {
    response.writeHead(headers.range === 'bytes=2-4' ? 206 : 200, {'Content-Range': 'bytes 2-4/9'}).end('cde')
  })
  const answer = await edge.talk(lastGet('/', 'Range: bytes=2-4\r\n'))

  expect([statusOf(answer), answer.includes('Content-Range: bytes 2-4/9')]).toEqual([206, true])
})

it('what is packed stays packed, byte by byte', async () => {
  const packed = gzipSync('hello '.repeat(1000))
  const edge = await edgeBeforeHttp(scope, (_request, response) => {
    response.writeHead(200, {'Content-Encoding': 'gzip', 'Content-Length': packed.length}).end(packed)
  })
  const answer = await edge.talk(lastGet('/', 'Accept-Encoding: gzip\r\n'))

  expect(answer).toContain('Content-Encoding: gzip\r\n')
  expect(Buffer.from(bodyOf(answer), 'latin1')).toEqual(packed)
})

it('a WebSocket passes frames of 1 MB, and its pings', async () => {
  const http = createServer()
  const sockets = new WebSocketServer({server: http})
  sockets.on('connection', (socket: WebSocket, _request: IncomingMessage) =>
    socket.on('message', (data, isBinary) => socket.send(data, {binary: isBinary})),
  )
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  scope.add(() => {
    for (const socket of sockets.clients) socket.terminate()
    http.close()
  })
  const edge = await edgeBefore(scope, addressOf(http))
  const socket = new WebSocket(`ws://127.0.0.1:${edge.port()}/`, {headers: {Host: 'web.test'}})
  scope.add(() => socket.terminate())
  await once(socket, 'open')
  const [message, pong] = [once(socket, 'message'), once(socket, 'pong')]
  socket.send(Buffer.alloc(1024 * 1024, 7))
  socket.ping('still there?')

  expect((await message)[0]).toEqual(Buffer.alloc(1024 * 1024, 7))
  expect(String((await pong)[0])).toBe('still there?')
})
