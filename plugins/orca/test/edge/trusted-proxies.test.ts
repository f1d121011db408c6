import {afterEach, describe, expect, it} from 'vitest'
import {TrustedProxies} from '../../src/edge/proxy/origin.ts'
import {lastGet, Scope, table, web} from './support/scope.ts'

const scope = new Scope()
afterEach(() => scope.close())

describe('which addresses are trusted', () => {
  const trusted = new TrustedProxies(['10.0.0.0/8', '192.168.1.1', 'fd00::/8', '::1', 'nonsense', '1.2.3.4/99', ''])

  it.each([
    ['10.9.8.7', true],
    ['192.168.1.1', true],
    ['192.168.1.2', false],
    ['fd12::1', true],
    ['::1', true],
    ['::2', false],
    ['1.2.3.4', false],
    ['unknown', false],
  ])('%s: %s', (address, expected) => {
    expect(trusted.has(address)).toBe(expected)
  })
})

describe('what a trusted proxy says', () => {
  const trusted = new TrustedProxies(['10.0.0.0/8'])
  const clientOf = (...fields: readonly string[]) =>
    /For: (.*)\r/.exec(trusted.believe(fields.map((field) => `${field}\r\n`).join(''), '10.0.0.1', false).lines)?.[1]

  it.each([
    ['the rightmost stranger', ['X-Forwarded-For: 6.6.6.6, 203.0.113.9, 10.0.0.2'], '203.0.113.9'],
    ['over several lines', ['X-Forwarded-For: 203.0.113.9', 'x-forwarded-for: 10.0.0.2'], '203.0.113.9'],
    ['all of ours', ['X-Forwarded-For: 10.0.0.3, 10.0.0.2'], '10.0.0.3'],
    ['with ports', ['X-Forwarded-For: 203.0.113.9:4711'], '203.0.113.9'],
    ['IPv6 with a port', ['X-Forwarded-For: [2001:db8::1]:80'], '2001:db8::1'],
    ['IPv4 in IPv6', ['X-Forwarded-For: ::ffff:203.0.113.9'], '203.0.113.9'],
    ['no address', ['X-Forwarded-For: 203.0.113.9, <script>, 10.0.0.2'], '10.0.0.2'],
    ['nothing', [], '10.0.0.1'],
  ])('%s', (_case, fields, expected) => {
    expect(clientOf(...fields)).toBe(expected)
  })
})

async function tellingEdge(trustedProxies: readonly string[]) {
  const edge = scope.edge()
  const address = await scope.httpBackend(({headers}, response) =>
    response.end(`${headers['x-forwarded-for']}|${headers['x-forwarded-proto']}|${headers['x-forwarded-host']}`),
  )
  await edge.applyTable({...table(web([address])), trustedProxies})
  return edge
}

const FIELDS =
  'X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.test\r\nX_Forwarded_For: 6.6.6.6\r\n'

it('backends hear what a trusted proxy says', async () => {
  const edge = await tellingEdge(['127.0.0.1'])

  expect(await edge.talk(lastGet('/', FIELDS))).toContain('203.0.113.9|https|shop.test')
})

it('what anybody else says is replaced', async () => {
  const edge = await tellingEdge(['192.0.2.1'])

  expect(await edge.talk(lastGet('/', FIELDS))).toContain('127.0.0.1|http|web.test')
})

it('a host that is none is not passed on, and a table changes whom to trust', async () => {
  const edge = await tellingEdge(['127.0.0.1'])
  expect(await edge.talk(lastGet('/', 'X-Forwarded-Host: a b<c>\r\n'))).toContain('127.0.0.1|http|web.test')

  const client = edge.connect()
  client.write(lastGet('/', FIELDS).replace('Connection: close\r\n', ''))
  await client.readUntil('203.0.113.9|')
})
