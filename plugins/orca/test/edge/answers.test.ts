import {afterEach, expect, it} from 'vitest'
import {edgeBefore, edgeBeforeAnswer} from './support/edges.ts'
import {bodyOf} from './support/raw-client.ts'
import {get, lastGet, ok, Scope} from './support/scope.ts'

const scope = new Scope()
afterEach(() => scope.close())

it('keeps what is end to end and loses the rest', async () => {
  const edge = await edgeBeforeAnswer(
    scope,
    'HTTP/1.1 299 Very Own\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nServer: mine\r\nDate: then\r\nConnection: X-Hop, keep-alive\r\n' +
      'X-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nX-Caf: \xe9\r\nContent-Length: 2\r\n\r\nok',
  )

  expect(await edge.talk(lastGet())).toBe(
    'HTTP/1.1 299 Very Own\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nServer: mine\r\nDate: then\r\n' +
      'X-Caf: \xe9\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok',
  )
})

it.each([
  ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n'],
  [
    'HEAD',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
  ],
  ['GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n', 'HTTP/1.1 204 No Content\r\n\r\n'],
  [
    'GET',
    'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\nETag: x\r\n\r\n',
    'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\nETag: x\r\n\r\n',
  ],
  ['GET', 'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n', 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n'],
  ['GET', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
])('%s answered by %j has no body and the connection goes on', async (method, answer, expected) => {
  const edge = await edgeBeforeAnswer(scope, answer)
  const client = edge.connect()

  for (let count = 0; count < 2; count++) {
    client.clear()
    client.write(`${method} / HTTP/1.1\r\nHost: web.test\r\n\r\n`)
    expect(await client.readUntil('\r\n\r\n')).toBe(expected)
  }
})

it('may come in any pieces', async () => {
  const answer = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n'
  const edge = await edgeBeforeAnswer(scope, ...(answer.match(/[\s\S]{1,4}/g) ?? []))

  expect(bodyOf(await edge.talk(lastGet()))).toBe('3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n')
})

it('ends with the connection when the backend says no length', async () => {
  const edge = await edgeBefore(
    scope,
    await scope.rawBackend((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nX: y\r\n\r\nto the end')),
    ),
  )

  expect(await edge.talk(get())).toBe('HTTP/1.1 200 OK\r\nX: y\r\nConnection: close\r\n\r\nto the end')
})

it('that breaks off is broken for the client too', async () => {
  const edge = await edgeBefore(
    scope,
    await scope.rawBackend((socket) =>
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')
        setTimeout(() => socket.destroy(), 20)
      }),
    ),
  )
  const client = edge.connect()
  client.write(get())

  expect(await client.readToEnd()).toContain('half')
  expect(client.isReset).toBe(true)
})

it('100 Continue and 103 pass, then the body and the real answer', async () => {
  const edge = await edgeBefore(
    scope,
    await scope.httpBackend(
      () => undefined,
      (server) =>
        server.on('checkContinue', (request, response) => {
          response.writeEarlyHints({link: '</a.css>; rel=preload'})
          response.writeContinue()
          request.on('data', (chunk) => response.end(`got ${chunk}`))
        }),
    ),
  )
  const client = edge.connect()

  client.write('POST / HTTP/1.1\r\nHost: web.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n')
  await client.readUntil('HTTP/1.1 100 Continue\r\n')
  client.write('hello')

  expect(await client.readUntil('got hello')).toMatch(
    /^HTTP\/1\.1 103 Early Hints\r\n[\s\S]*HTTP\/1\.1 100[\s\S]*HTTP\/1\.1 200 OK/,
  )
})

it('interim answers are kept from HTTP/1.0 clients', async () => {
  const edge = await edgeBeforeAnswer(scope, `HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${ok('done')}`)

  expect(await edge.talk('GET / HTTP/1.0\r\nHost: web.test\r\n\r\n')).toBe(
    'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ndone',
  )
})
