import {X509Certificate} from 'node:crypto'
import {once} from 'node:events'
import {writeFileSync} from 'node:fs'
import type {RequestListener} from 'node:http'
import {createServer} from 'node:https'
import {type AddressInfo, createServer as createTcp} from 'node:net'
import {join} from 'node:path'
import {afterEach, describe, expect, it} from 'vitest'
import {whyNotOrdered} from '../../src/server/tls/acme/acme-names.ts'
import {isOver, pauseAfter, renewalAt} from '../../src/server/tls/order-times.ts'
import {Scope} from '../edge/support/scope.ts'
import {selfSigned} from './certificates.ts'
import {DAY_MS, openBook, tempFolder} from './support.ts'

const scope = new Scope()
afterEach(() => scope.close())

const MINUTE_MS = 60_000
const PUBLIC = 'https://acme-v02.api.letsencrypt.org/directory'
const PRIVATE = 'https://ca.lan/acme/directory'

describe('names', () => {
  it.each([
    ['localhost', PRIVATE],
    ['web.localhost', PRIVATE],
    ['192.168.1.1', PRIVATE],
    ['[::1]', PRIVATE],
    ['*.example.com', PRIVATE],
    ['müller.de', PRIVATE],
    ['a..b', PRIVATE],
    ['-a.example.com', PRIVATE],
    ['a_b.example.com', PRIVATE],
    [`${'a'.repeat(64)}.example.com`, PRIVATE],
    [`${'a.'.repeat(150)}com`, PRIVATE],
    ['../../etc/passwd', PRIVATE],
    ['web', PUBLIC],
    ['web.local', PUBLIC],
    ['app.example.test', PUBLIC],
  ])('nothing is ordered for %s at %s', (host, directory) => {
    expect(whyNotOrdered(host, directory)).toEqual(expect.any(String))
  })

  it.each([
    ['example.com', PUBLIC],
    ['xn--mller-kva.de', PUBLIC],
    [`${'a'.repeat(63)}.${'b'.repeat(63)}.example.com`, PUBLIC],
    ['web', PRIVATE],
    ['web.lan', PRIVATE],
  ])('%s is ordered at %s', (host, directory) => {
    expect(whyNotOrdered(host, directory)).toBeUndefined()
  })
})

describe('times', () => {
  it('tries come after 1, 5 and 15 minutes, then hourly; later when the server says so', () => {
    expect([1, 2, 3, 4, 50].map((count) => pauseAfter(count) / MINUTE_MS)).toEqual([1, 5, 15, 60, 60])
    expect(pauseAfter(1, 7_200_000)).toBe(7_200_000)
    expect(pauseAfter(4, 1_000)).toBe(60 * MINUTE_MS)
  })

  it('a time in a future that no server can have asked for is over: a clock was wrong', () => {
    expect(isOver(100, 99)).toBe(false)
    expect(isOver(100, 100)).toBe(true)
    expect(isOver(400 * DAY_MS, 0)).toBe(true)
  })

  it('a certificate is renewed with a third of its life left, each at a time of its own', () => {
    const start = Date.parse('2026-01-01T00:00:00Z')
    const times = Array.from({length: 12}, () => {
      const dates = {notBefore: new Date(start), notAfter: new Date(start + 90 * DAY_MS)}
      return (renewalAt(new X509Certificate(selfSigned(['a.test'], dates).cert)) - start) / DAY_MS
    })

    for (const day of times) {
      expect(day).toBeGreaterThanOrEqual(57)
      expect(day).toBeLessThanOrEqual(60)
    }
    expect(new Set(times).size).toBeGreaterThan(1)
  })
})

/** An HTTPS server that is no good ACME server. */
async function fakeServer(listener: RequestListener) {
  const {cert, key} = selfSigned(['localhost'])
  const server = createServer({cert, key}, listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.add(() => {
    server.closeAllConnections()
    server.close()
  })
  const home = tempFolder(scope)
  const caFile = join(home, 'ca.pem')
  writeFileSync(caFile, cert)
  const base = `https://localhost:${(server.address() as AddressInfo).port}`
  return {base, options: {home, caFile, email: 'a@example.test', directory: `${base}/dir`}}
}

/** A server that accepts any account and answers an order as told. */
async function serverThatOrders(answer: (text: string) => RequestListener) {
  const fake: Awaited<ReturnType<typeof fakeServer>> = await fakeServer((request, response) => {
    response.setHeader('Replay-Nonce', 'n0nce')
    if (request.url === '/dir') {
      const {base} = fake
      const urls = {newNonce: `${base}/nonce`, newAccount: `${base}/account`, newOrder: `${base}/order`}
      response.end(JSON.stringify(urls))
    } else if (request.url === '/account') response.writeHead(201, {Location: `${fake.base}/account/1`}).end('{}')
    else if (request.url === '/nonce') response.end()
    else answer(fake.base)(request, response)
  })
  return fake.options
}

const problem = (type: string, detail: string) =>
  JSON.stringify({type: `urn:ietf:params:acme:error:${type}`, detail, status: 429})

describe('a server that does not do its part', () => {
  const failureOf = async (options: Parameters<typeof openBook>[1]) => {
    const now = Date.now()
    const opened = openBook(scope, {...options, now: () => now})
    opened.book.serve([{host: 'app.example.test'}])
    await expect.poll(() => opened.book.state()[0]?.lastError, {timeout: 20_000}).toBeDefined()
    const [state] = opened.book.state()
    return {...opened, message: state?.lastError ?? '', inMs: Date.parse(state?.nextTry ?? '') - now}
  }

  it('is down: tried again a minute later, and the event says so', async () => {
    const squatter = createTcp().listen(0, '127.0.0.1')
    await once(squatter, 'listening')
    const {port} = squatter.address() as AddressInfo
    squatter.close()
    const home = tempFolder(scope)

    const {message, inMs, events} = await failureOf({home, email: 'a@b.test', directory: `https://localhost:${port}/`})

    expect(message).toMatch(/refused|ECONNREFUSED|does not answer/i)
    expect(inMs).toBe(MINUTE_MS)
    expect(events).toEqual([
      {type: 'tls.failed', host: 'app.example.test', message: expect.stringContaining('next try')},
    ])
  })

  it('limits us: tried again when it says', async () => {
    const options = await serverThatOrders(
      () => (_request, response) =>
        response.writeHead(429, {'Retry-After': '7200'}).end(problem('rateLimited', 'too many\u001b[2J orders')),
    )

    const {message, inMs} = await failureOf(options)

    expect(message).toContain('too many')
    expect(message).not.toContain('\u001b')
    expect(inMs).toBe(7_200_000)
  })

  it('wants us away for a year: a day must do', async () => {
    const options = await serverThatOrders(
      () => (_request, response) => response.writeHead(503, {'Retry-After': String(365 * 86_400)}).end(),
    )

    expect((await failureOf(options)).inMs).toBe(DAY_MS)
  })

  it('refuses every nonce: asked a few times, not for ever', async () => {
    let count = 0
    const options = await serverThatOrders(() => (_request, response) => {
      count++
      response.writeHead(400).end(problem('badNonce', 'again'))
    })

    expect((await failureOf(options)).message).toContain('again')
    expect(count).toBe(4)
  })

  it('asks about a host that is not ours: nothing is answered', async () => {
    const challenge = {type: 'http-01', url: 'https://localhost/c', token: 'tok'}
    const foreign = {status: 'pending', identifier: {type: 'dns', value: 'evil.test'}, challenges: [challenge]}
    const options = await serverThatOrders((base) => (request, response) => {
      const order = {status: 'pending', authorizations: [`${base}/authz`], finalize: `${base}/f`}
      response.setHeader('Location', `${base}/order/1`)
      response.end(JSON.stringify(request.url === '/order' ? order : foreign))
    })

    const {message, book} = await failureOf(options)

    expect(message).toContain('evil.test')
    expect(book.table().challenges).toBeUndefined()
  })

  it.each([
    ['is no ACME server', '<html>'],
    ['lies about its addresses', JSON.stringify({newNonce: 'file:///etc', newAccount: 'x', newOrder: 'x'})],
  ])('%s', async (_case, directory) => {
    const {options} = await fakeServer((_request, response) => response.end(directory))

    expect((await failureOf(options)).inMs).toBe(MINUTE_MS)
  })

  it('speaks plain HTTP: never asked', async () => {
    const home = tempFolder(scope)

    expect((await failureOf({home, email: 'a@b.test', directory: 'http://localhost:1/dir'})).message).toContain('https')
  })
})
