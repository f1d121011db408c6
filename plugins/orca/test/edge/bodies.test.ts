import {once} from 'node:events'
import {afterEach, expect, it} from 'vitest'
import {edgeBefore, edgeBeforeAnswer, edgeBeforeHttp} from './support/edges.ts'
import {bodyOf, statusOf} from './support/raw-client.ts'
import {get, lastGet, ok, Scope} from './support/scope.ts'

const scope = new Scope()
afterEach(() => scope.close())

it('trailers pass both ways', async () => {
  const edge = await edgeBeforeHttp(scope, (request, response) => {
    response.setHeader('Trailer', 'X-Sum')
    request.resume().on('end', () => {
      response.write(`got ${request.trailers['x-check']}`)
      response.addTrailers({'X-Sum': '7'})
      response.end()
    })
  })
  const answer = await edge.talk(
    'POST / HTTP/1.1\r\nHost: web.test\r\nConnection: close\r\nTE: trailers\r\nTrailer: X-Check\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Check: yes\r\n\r\n',
  )

  expect(answer).toContain('got yes')
  expect(answer).toContain('0\r\nX-Sum: 7\r\n\r\n')
})

it('HTTP/1.0 clients get bare data instead of chunks', async () => {
  const edge = await edgeBeforeHttp(scope, (_request, response) => {
    response.write('one ')
    setTimeout(() => response.end('two'), 20)
  })

  const answer = await edge.talk('GET / HTTP/1.0\r\nHost: web.test\r\n\r\n')

  expect(answer).not.toContain('Transfer-Encoding')
  expect(bodyOf(answer)).toBe('one two')
})

it('HTTP/1.0 clients keep the connection when they ask for it', async () => {
  const edge = await edgeBeforeAnswer(scope, ok('hello'))
  const client = edge.connect()

  for (let count = 0; count < 2; count++) {
    client.clear()
    client.write('GET / HTTP/1.0\r\nHost: web.test\r\nConnection: keep-alive\r\n\r\n')
    expect(await client.readUntil('hello')).toContain('\r\nConnection: keep-alive\r\n')
  }
})

it('pipelined requests are answered in order', async () => {
  const edge = await edgeBeforeHttp(scope, (request, response) => {
    const waitMs = request.url === '/1' ? 50 : 0
    request.resume().on('end', () => setTimeout(() => response.end(`<${request.url}>`), waitMs))
  })
  const post = 'POST /2 HTTP/1.1\r\nHost: web.test\r\nContent-Length: 3\r\n\r\nabc'

  const answer = await edge.talk(
    [get('/1'), post, get('/3'), 'GET / HTTP/1.1\r\nHost: nobody\r\n\r\n', lastGet('/4')].join(''),
  )

  expect(answer.match(/<\/\d>|no service/g)).toEqual(['</1>', '</2>', '</3>', 'no service', '</4>'])
})

it('a client that ends its side still gets all answers', async () => {
  const edge = await edgeBeforeHttp(scope, (_request, response) => setTimeout(() => response.end('late'), 30))
  const client = edge.connect()

  client.socket.end(get('/1') + get('/2'))

  expect((await client.readToEnd()).match(/late/g)).toHaveLength(2)
})

it('the first byte goes through at once, both ways', async () => {
  const edge = await edgeBeforeHttp(scope, (request, response) => {
    response.writeHead(200, {'Content-Type': 'text/event-stream'})
    request.on('data', (chunk) => response.write(`data: ${chunk}\n\n`))
    request.on('end', () => response.end('data: end\n\n'))
  })
  const client = edge.connect()
  client.write('POST / HTTP/1.1\r\nHost: web.test\r\nTransfer-Encoding: chunked\r\n\r\n')

  client.write('3\r\none\r\n')
  await client.readUntil('data: one')
  client.write('3\r\ntwo\r\n')
  await client.readUntil('data: two')
  client.write('0\r\n\r\n')

  expect(await client.readUntil('data: end')).toContain('HTTP/1.1 200 OK')
})

it('a large body arrives whole, both ways', async () => {
  const edge = await edgeBeforeHttp(scope, (request, response) => request.pipe(response))
  const body = Buffer.alloc(5_000_000, 'abcdefghij')
  const client = edge.connect()

  client.write(`POST / HTTP/1.1\r\nHost: web.test\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`)
  client.write(body)
  const answer = await client.readToEnd()

  const data = bodyOf(answer).replace(/[0-9a-f]+\r\n|\r\n/g, (mark) => (/^[0-9a-f]*\r\n$/.test(mark) ? '' : mark))
  expect(answer).toContain('Transfer-Encoding: chunked')
  expect(data.match(/abcdefghij/g)?.length).toBeGreaterThan(490_000)
})

it('an early answer to a big upload reaches the client, and the rest is not read into memory', async () => {
  const edge = await edgeBefore(
    scope,
    await scope.rawBackend((socket) =>
      socket.once('data', () => {
        socket.pause()
        socket.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno\n')
      }),
    ),
  )
  const client = edge.connect()

  client.write(`POST / HTTP/1.1\r\nHost: web.test\r\nContent-Length: 1000000000\r\n\r\n${'x'.repeat(500_000)}`)

  const answer = await client.readUntil('no\n')
  expect(statusOf(answer)).toBe(413)
  expect(answer).toContain('\r\nConnection: close\r\n')
  expect(await client.readToEnd()).toBe(answer)
})

it('a client that goes away ends the request at the backend', async () => {
  const gone = Promise.withResolvers<void>()
  const edge = await edgeBeforeHttp(scope, (_request, response) => {
    response.on('close', () => gone.resolve())
    response.write('started')
  })
  const client = edge.connect()
  client.write(get())
  await client.readUntil('started')

  client.socket.resetAndDestroy()

  await gone.promise
  await expect.poll(() => edge.plane.stats()[0]?.inFlight).toBe(0)
})

it('an upload that breaks off is broken for the backend too', async () => {
  const aborted = Promise.withResolvers<void>()
  const edge = await edgeBeforeHttp(scope, (request) => {
    request.on('error', () => aborted.resolve())
    request.resume()
  })
  const client = edge.connect()

  client.write('POST / HTTP/1.1\r\nHost: web.test\r\nContent-Length: 100\r\n\r\nhalf')
  await once(client.socket, 'connect')
  client.socket.end()

  await aborted.promise
})
