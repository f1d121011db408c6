import {connect as connectTcp} from 'node:net'
import {afterEach, expect, it} from 'vitest'
import {selfSigned, writePair} from '../tls/certificates.ts'
import {RawClient, statusOf} from './support/raw-client.ts'
import {get, lastGet, Scope, web} from './support/scope.ts'
import {askSecurely, certificate, dial, dialWeb, pemFolder, serve} from './support/tls.ts'

const scope = new Scope()
afterEach(() => scope.close())

const named = (name: string) => scope.httpBackend((_request, response) => response.end(`<${name}>`))

const start = async () => {
  const edge = scope.edge({timeouts: {headMs: 300, lingerMs: 100}})
  await serve(edge, [certificate(pemFolder(scope), ['web.test'])], web([await named('web')]))
  return edge
}

it('speaks HTTP/1.1 by agreement, and nothing below TLS 1.2', async () => {
  const edge = await start()

  expect((await dial(scope, edge, {servername: 'web.test', ALPNProtocols: ['h2', 'http/1.1']})).alpnProtocol).toBe(
    'http/1.1',
  )
  await expect(dial(scope, edge, {servername: 'web.test', ALPNProtocols: ['h2']})).rejects.toThrow(
    /no application protocol/i,
  )
  expect((await dial(scope, edge, {servername: 'web.test', maxVersion: 'TLSv1.2'})).getProtocol()).toBe('TLSv1.2')
  await expect(
    dial(scope, edge, {servername: 'web.test', minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0'}),
  ).rejects.toThrow()
})

it('resumes sessions, also with another certificate', async () => {
  const edge = scope.edge()
  const folder = pemFolder(scope)
  const service = web([await named('web')])
  const files = certificate(folder, ['web.test'])
  await serve(edge, [files], service)
  const first = await dial(scope, edge, {servername: 'web.test'})
  const session = Promise.withResolvers<Buffer>()
  first.once('session', session.resolve)
  const client = new RawClient(first)
  client.write(get())
  await client.readUntil('<web>')
  expect(first.isSessionReused()).toBe(false)

  writePair(folder, 'web.test', selfSigned(['web.test']))
  await serve(edge, [{...files, revision: '2'}], service)

  expect((await dial(scope, edge, {servername: 'web.test', session: await session.promise})).isSessionReused()).toBe(
    true,
  )
})

it('plain HTTP gets a 400 that says so', async () => {
  const edge = await start()
  const client = scope.client(edge.securePort)

  client.write(get())

  const answer = await client.readToEnd()
  expect(statusOf(answer)).toBe(400)
  expect(answer).toContain('this port speaks HTTPS')
})

it('TLS on the plain port gets no further than its first bytes', async () => {
  const edge = await start()
  const client = edge.connect()

  client.write(Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]))

  expect(statusOf(await client.readToEnd())).toBe(400)
})

it.each([
  ['silence', ''],
  ['half a record', '\x16\x03\x01'],
  ['half a hello', '\x16\x03\x01\x02\x00\x01\x00'],
  ['a record that is no hello', '\x16\x03\x01\x00\x04\x02\x00\x00\x00'],
  ['a hello of lies', `\x16\x03\x01\x00\x2b\x01\xff\xff\xff${'\xff'.repeat(39)}`],
  ['an empty record', '\x16\x03\x01\x00\x00'],
])('%s is ended in time', async (_case, bytes) => {
  const edge = await start()
  const client = scope.client(edge.securePort)
  if (bytes !== '') client.write(Buffer.from(bytes, 'latin1'))

  await client.readToEnd()

  expect(await askSecurely(scope, edge)).toContain('<web>')
})

it('a hello that comes byte by byte is understood', async () => {
  const edge = await start()
  const relay = await scope.rawServer((client) => {
    const upstream = connectTcp(edge.securePort, '127.0.0.1')
    scope.add(() => upstream.destroy())
    upstream.setNoDelay(true).on('error', () => client.destroy())
    upstream.pipe(client)
    client.on('data', (chunk: Buffer) => {
      for (const byte of chunk) upstream.write(Buffer.from([byte]))
    })
  })
  const {port} = relay.address() as {port: number}

  const client = await dialWeb(scope, edge, {port})
  client.write(lastGet())

  expect(await client.readToEnd()).toContain('<web>')
})

it('a client that ends its side first still reads its answer', async () => {
  const edge = await start()
  const client = await dialWeb(scope, edge)

  client.socket.end(get())

  expect(await client.readToEnd()).toContain('<web>')
})

it('many requests, large bodies both ways, and an answer that breaks off', async () => {
  const edge = scope.edge()
  const address = await scope.httpBackend(async (request, response) => {
    if (request.url === '/cut') {
      response.writeHead(200, {'content-length': 100}).write('short')
      setTimeout(() => request.socket.destroy(), 20)
      return
    }
    let size = 0
    for await (const chunk of request) size += chunk.length
    response.end(`${'x'.repeat(size)}<${size}>`)
  })
  await serve(edge, [certificate(pemFolder(scope), ['web.test'])], web([address]))
  const client = await dialWeb(scope, edge)
  const size = 5_000_000
  client.write(`POST / HTTP/1.1\r\nHost: web.test\r\nContent-Length: ${size}\r\n\r\n${'y'.repeat(size)}`)
  const answer = await client.readUntil(`<${size}>`)
  expect(answer.length).toBeGreaterThan(size)

  client.clear()
  client.write(get('/cut'))
  const cut = await client.readToEnd()
  expect(cut).toContain('short')
  expect(cut).not.toContain('HTTP/1.1 502')
})

it('the backend is told of https', async () => {
  const edge = scope.edge()
  const address = await scope.httpBackend(({headers}, response) =>
    response.end(`${headers['x-forwarded-proto']} ${headers['x-forwarded-for']} ${headers['x-forwarded-host']}`),
  )
  await serve(edge, [certificate(pemFolder(scope), ['web.test'])], web([address]))

  const spoof = 'X-Forwarded-Proto: http\r\nX-Forwarded-For: 6.6.6.6\r\n'
  expect(await askSecurely(scope, edge, lastGet('/', spoof))).toContain('https 127.0.0.1 web.test')
})

it('sticky cookies are for https only', async () => {
  const edge = scope.edge()
  const address = await named('web')
  const service = web([{address, weight: 1, version: 'v1', pin: 'stable'}], {pin: {cookie: 'c', isSticky: true}})
  await serve(edge, [certificate(pemFolder(scope), ['web.test'])], service)

  expect(await askSecurely(scope, edge)).toContain('Set-Cookie: c=stable; Path=/; HttpOnly; SameSite=Lax; Secure\r\n')
})

it('WebSockets pass both ways', async () => {
  const edge = scope.edge()
  const address = await scope.rawBackend((socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello')
      socket.on('data', (chunk) => socket.write(`echo ${chunk}`))
      socket.on('end', () => socket.end())
    })
  })
  await serve(edge, [certificate(pemFolder(scope), ['web.test'])], web([address]))
  const client = await dialWeb(scope, edge)

  client.write(get('/', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'))
  expect(await client.readUntil('hello')).toContain('HTTP/1.1 101')
  client.write('one')
  await client.readUntil('echo one')
  client.socket.end()
  await client.closed
  await expect.poll(() => edge.plane.stats()[0]?.inFlight).toBe(0)
})

it('events come when they are sent', async () => {
  const edge = scope.edge()
  const goOn = Promise.withResolvers<void>()
  const address = await scope.httpBackend(async (_request, response) => {
    response.writeHead(200, {'content-type': 'text/event-stream'})
    response.write('data: 1\n\n')
    await goOn.promise
    response.end('data: 2\n\n')
  })
  await serve(edge, [certificate(pemFolder(scope), ['web.test'])], web([address]))
  const client = await dialWeb(scope, edge)

  client.write(get())
  await client.readUntil('data: 1')
  goOn.resolve()
  await client.readUntil('data: 2')
})

it('a listener that goes away lets the request under way end', async () => {
  const edge = scope.edge()
  const asked = Promise.withResolvers<() => void>()
  const address = await scope.httpBackend((_request, response) => asked.resolve(() => response.end('<late>')))
  await serve(edge, [certificate(pemFolder(scope), ['web.test'])], web([address]))
  const [busy, idle] = [await dialWeb(scope, edge), await dialWeb(scope, edge)]
  busy.write(get())
  const answer = await asked.promise

  await edge.apply(web([address]))

  expect(await idle.readToEnd()).toBe('')
  answer()
  expect(await busy.readToEnd()).toContain('<late>')
})
