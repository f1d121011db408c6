import {afterEach, expect, it} from 'vitest'
import type {EdgeTable} from '../../src/edge/table.ts'
import {statusOf} from './support/raw-client.ts'
import {get, lastGet, Scope, type TestEdge, table, web} from './support/scope.ts'
import {askSecurely, certificate, pemFolder} from './support/tls.ts'

const scope = new Scope()
afterEach(() => scope.close())

const PREFIX = '/.well-known/acme-challenge'

/** `web.test` and `*.wild.test` are sent to https, `plain.test` is not. */
async function start(more: Partial<EdgeTable> = {}): Promise<TestEdge> {
  const edge = scope.edge()
  const address = await scope.httpBackend((request, response) => response.end(`<service ${request.url}>`))
  const folder = pemFolder(scope)
  await edge.applyTable({
    ...table(web([address], {hosts: ['web.test', 'plain.test', 'a.wild.test']})),
    https: {bind: '127.0.0.1', port: 0},
    certificates: [
      certificate(folder, ['web.test', '*.wild.test'], {isRedirected: true}),
      certificate(folder, ['plain.test']),
    ],
    challenges: {'tok-EN_1': 'tok-EN_1.thumb', constructor: 'own'},
    ...more,
  })
  return edge
}

const ask = (edge: TestEdge, host: string, path: string, fields = '') =>
  edge.talk(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${fields}\r\n`)

const locationOf = (answer: string): string | undefined => /\r\nLocation: ([^\r]*)\r\n/.exec(answer)?.[1]

it.each(['web.test', 'plain.test', 'foreign.test', '127.0.0.1:5002'])('%s answers a challenge', async (host) => {
  const answer = await ask(await start(), host, `${PREFIX}/tok-EN_1`)

  expect(statusOf(answer)).toBe(200)
  expect(answer.split('\r\n\r\n')[1]).toBe('tok-EN_1.thumb')
})

it('a challenge without any certificate is answered, with a query and as HEAD too', async () => {
  const edge = await start({https: undefined, certificates: []})

  expect(await ask(edge, 'web.test', `${PREFIX}/tok-EN_1?x=y`)).toContain('tok-EN_1.thumb')
  const head = await edge.talk(`HEAD ${PREFIX}/tok-EN_1 HTTP/1.1\r\nHost: web.test\r\nConnection: close\r\n\r\n`)
  expect(head).toContain('Content-Length: 14\r\n')
  expect(head).not.toContain('thumb')
})

it.each([
  '/..%2f..%2fetc/passwd',
  '/../../etc/passwd',
  '/%2e%2e/x',
  '/tok-EN_1/',
  '/tok-EN_1%00',
  '//tok-EN_1',
  '/',
  '/tok-EN_1/../tok-EN_1',
])('%s is no challenge', async (path) => {
  const answer = await ask(await start(), 'web.test', PREFIX + path)

  expect(statusOf(answer)).toBe(404)
  expect(answer).not.toContain('<service')
})

it.each(['toString', '__proto__', 'tok-en_1'])('the token %s is not one of ours', async (token) => {
  const edge = await start()

  expect(await ask(edge, 'web.test', `${PREFIX}/${token}`)).toContain('<service')
  expect(statusOf(await ask(edge, 'foreign.test', `${PREFIX}/${token}`))).toBe(404)
})

it.each([
  ['web.test', '/a/b?c=d&e=%20f', '/a/b?c=d&e=%20f'],
  ['WEB.Test:8080', '/', '/'],
  ['web.test.', '//evil.test', '//evil.test'],
  ['web.test', 'http://web.test/absolute?x', '/absolute?x'],
])('%s %s is sent to https', async (host, path, expected) => {
  const edge = await start()

  const answer = await ask(edge, host, path)

  expect(statusOf(answer)).toBe(308)
  expect(locationOf(answer)).toBe(`https://web.test:${edge.securePort}${expected}`)
})

it('names below a wildcard are sent on under their own name', async () => {
  const edge = await start()

  expect(locationOf(await ask(edge, 'a.wild.test', '/x'))).toBe(`https://a.wild.test:${edge.securePort}/x`)
})

it('a redirected upload ends its connection, a question keeps it', async () => {
  const edge = await start()
  const client = edge.connect()

  client.write(get('/1'))
  await client.readUntil('/1\r\n')
  client.write('POST /2 HTTP/1.1\r\nHost: web.test\r\nContent-Length: 5\r\n\r\nhello')

  expect(await client.readToEnd()).toMatch(/Location: \S+\/2\r\n.*Connection: close/s)
})

it('nobody is sent away when the certificate says so, on https, or on the port of a service', async () => {
  const edge = await start()

  expect(await ask(edge, 'plain.test', '/x')).toContain('<service /x>')
  expect(await askSecurely(scope, edge)).toContain('<service /')
  expect(await edge.talk(lastGet('/own'), 'web')).toContain('<service /own>')
})

it('nobody is sent to a port that is not open, or to a certificate that is not there', async () => {
  const closed = await start({https: undefined})
  expect(await ask(closed, 'web.test', '/')).toContain('<service')

  const broken = {...certificate(pemFolder(scope), ['web.test'], {isRedirected: true}), keyFile: '/nowhere'}
  expect(await ask(await start({certificates: [broken]}), 'web.test', '/')).toContain('<service')
})

it('behind a trusted proxy that speaks https there is no loop', async () => {
  const edge = await start({trustedProxies: ['127.0.0.0/8']})

  expect(await ask(edge, 'web.test', '/', 'X-Forwarded-Proto: https\r\n')).toContain('<service /')
  expect(statusOf(await ask(edge, 'web.test', '/', 'X-Forwarded-Proto: http\r\n'))).toBe(308)
  const stranger = await start({trustedProxies: ['10.0.0.0/8']})
  expect(statusOf(await ask(stranger, 'web.test', '/', 'X-Forwarded-Proto: https\r\n'))).toBe(308)
})
