import {afterEach, describe, expect, it} from 'vitest'
import type {EdgePin, EdgeTarget} from '../../src/edge/table.ts'
import {bodyOf, statusOf} from './support/raw-client.ts'
import {lastGet, Scope, web} from './support/scope.ts'

const scope = new Scope()
afterEach(() => scope.close())

const PIN: EdgePin = {header: 'x-canary', cookie: 'release'}

const named = (name: string) => scope.httpBackend((_request, response) => response.end(`<${name}>`))

const stable = (address: string, weight = 1): EdgeTarget => ({address, weight, version: 'v1', pin: 'stable'})
const canary = (address: string, weight = 0): EdgeTarget => ({address, weight, version: 'v2', pin: 'canary'})

/** Stable gets all requests, the canary only those that ask for it. */
async function split(pin: EdgePin = PIN) {
  const edge = scope.edge()
  await edge.apply(web([stable(await named('stable')), canary(await named('canary'))], {pin}))
  return edge
}

const cookieOf = (answer: string): string | undefined => /\r\nSet-Cookie: ([^\r]*)\r\n/i.exec(answer)?.[1]

describe('which target', () => {
  it.each([
    ['no wish', '', 'stable'],
    ['the header', 'X-Canary: canary\r\n', 'canary'],
    ['the header in another case', 'x-CANARY:canary \r\n', 'canary'],
    ['the header for stable', 'X-Canary: stable\r\n', 'stable'],
    ['the cookie', 'Cookie: a=b; release=canary; c=d\r\n', 'canary'],
    ['the cookie in quotes', 'Cookie: release="canary"\r\n', 'canary'],
    ['the header before the cookie', 'X-Canary: stable\r\nCookie: release=canary\r\n', 'stable'],
    ['the cookie where the header names nobody', 'X-Canary: gone\r\nCookie: release=canary\r\n', 'canary'],
    ['the first of two headers', 'X-Canary: canary\r\nX-Canary: stable\r\n', 'canary'],
    ['the first cookie that names somebody', 'Cookie: release=gone\r\nCookie: release=canary\r\n', 'canary'],
    ['an unknown name', 'X-Canary: gone\r\n', 'stable'],
    ['an empty name', 'X-Canary:\r\nCookie: release=\r\n', 'stable'],
    ['a name in another case', 'X-Canary: Canary\r\n', 'stable'],
    ['a cookie name in another case', 'Cookie: Release=canary\r\n', 'stable'],
    ['a name of the language itself', 'X-Canary: __proto__\r\n', 'stable'],
    ['a huge value', `X-Canary: ${'canary'.repeat(1_500)}\r\n`, 'stable'],
    ['thousands of cookies', `Cookie: ${'release=x;'.repeat(1_000)}release=canary\r\n`, 'canary'],
    ['a header that only looks like it', 'X-Canary-2: canary\r\nMy-X-Canary: canary\r\n', 'stable'],
  ])('%s', async (_case, fields, expected) => {
    const edge = await split()

    const answer = await edge.talk(lastGet('/', fields))

    expect(statusOf(answer)).toBe(200)
    expect(bodyOf(answer)).toContain(`<${expected}>`)
    expect(cookieOf(answer)).toBeUndefined()
  })

  it('a control character in the value is refused before anybody reads it', async () => {
    const edge = await split()

    expect(statusOf(await edge.talk(lastGet('/', 'X-Canary: canary\0\r\n')))).toBe(400)
  })

  it('names mean nothing where the service knows no pins', async () => {
    const edge = scope.edge()
    await edge.apply(web([stable(await named('stable')), canary(await named('canary'))]))

    expect(bodyOf(await edge.talk(lastGet('/', 'X-Canary: canary\r\n')))).toContain('<stable>')
  })

  it('targets of one name take turns, whatever their weights', async () => {
    const edge = scope.edge()
    const targets = [canary(await named('a'), 0), canary(await named('b'), 9)]
    await edge.apply(web([stable(await named('stable')), ...targets], {pin: PIN}))

    const answers = await Promise.all([1, 2, 3, 4].map(() => edge.talk(lastGet('/', 'X-Canary: canary\r\n'))))

    expect(answers.map((answer) => bodyOf(answer).slice(0, 3)).sort()).toEqual(['<a>', '<a>', '<b>', '<b>'])
  })
})

describe('when targets fail', () => {
  it('a second target of the same name is tried first', async () => {
    const edge = scope.edge()
    const dead = await scope.deadAddress()
    await edge.apply(web([stable(await named('stable'), 100), canary(dead), canary(await named('canary'))], {pin: PIN}))

    for (let count = 0; count < 4; count++) {
      expect(await edge.talk(lastGet('/', 'X-Canary: canary\r\n'))).toContain('<canary>')
    }
  })

  it('a request is answered by others rather than not at all, and keeps its cookie', async () => {
    const edge = scope.edge()
    const pin = {...PIN, isSticky: true}
    await edge.apply(web([stable(await named('stable')), canary(await scope.deadAddress())], {pin}))

    const answer = await edge.talk(lastGet('/', 'Cookie: release=canary\r\n'))

    expect(answer).toContain('<stable>')
    expect(cookieOf(answer)).toBeUndefined()
  })
})

describe('sticky clients', () => {
  const STICKY: EdgePin = {...PIN, isSticky: true}

  it.each([
    ['no cookie', '', 'release=stable; Path=/; HttpOnly; SameSite=Lax'],
    ['a valid cookie', 'Cookie: release=canary\r\n', undefined],
    ['a cookie of a version that is gone', 'Cookie: release=v0\r\n', 'release=stable; Path=/; HttpOnly; SameSite=Lax'],
    ['a cookie that would be a header', 'Cookie: release=a\tb\r\n', 'release=stable; Path=/; HttpOnly; SameSite=Lax'],
    ['the header alone', 'X-Canary: canary\r\n', 'release=canary; Path=/; HttpOnly; SameSite=Lax'],
  ])('with %s', async (_case, fields, expected) => {
    const edge = await split(STICKY)

    expect(cookieOf(await edge.talk(lastGet('/', fields)))).toBe(expected)
  })

  it('cookies of the service stay as they are', async () => {
    const edge = scope.edge()
    const address = await scope.httpBackend((_request, response) => {
      response.setHeader('Set-Cookie', ['a=1', 'b=2'])
      response.end()
    })
    await edge.apply(web([stable(address)], {pin: STICKY}))

    const answer = await edge.talk(lastGet())

    expect(answer.match(/Set-Cookie: \S+/gi)).toEqual([
      'Set-Cookie: a=1',
      'Set-Cookie: b=2',
      'Set-Cookie: release=stable;',
    ])
  })

  it('a target without a name sets none', async () => {
    const edge = scope.edge()
    await edge.apply(web([await named('plain')], {pin: STICKY}))

    expect(cookieOf(await edge.talk(lastGet()))).toBeUndefined()
  })
})

describe('counters', () => {
  it('are kept by the pattern of the route', async () => {
    const edge = scope.edge()
    await edge.apply(web([await named('web')], {paths: ['/api/*', '/exact', '*']}))

    for (const path of ['/api/1', '/api/2', '/exact', '/other']) await edge.talk(lastGet(path))
    await edge.talk(lastGet('/api/own'), 'web')

    const counted = edge.plane.stats().map(({route, requests, inFlight}) => [route, requests, inFlight])
    expect(counted).toEqual([
      ['*', 2, 0],
      ['/api/*', 2, 0],
      ['/exact', 1, 0],
    ])
  })

  it('are bounded: of too many patterns the rest counts as all others', async () => {
    const edge = scope.edge()
    const paths = Array.from({length: 150}, (_, index) => `/p${index}/`)
    await edge.apply(web([await named('web')], {paths}))
    const client = edge.connect()

    client.write(paths.map((path) => lastGet(path).replace('Connection: close\r\n', '')).join('') + lastGet('/p0/'))
    await client.readToEnd()

    const stats = edge.plane.stats()
    expect(stats).toHaveLength(101)
    expect(stats.find(({route}) => route === '*')?.requests).toBe(50)
    expect(stats.find(({route}) => route === '/p0/')?.requests).toBe(2)
  })
})
