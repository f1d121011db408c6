import {afterEach, describe, expect, it} from 'vitest'
import type {Backend} from '../../src/edge/proxy/backend.ts'
import {hostName, withoutPrefix} from '../../src/edge/proxy/routes.ts'
import {type Target, Upstream} from '../../src/edge/proxy/upstream.ts'
import {VersionStats} from '../../src/edge/proxy/version-stats.ts'
import {bodyOf, statusOf} from './support/raw-client.ts'
import {get, lastGet, Scope, web} from './support/scope.ts'

const scope = new Scope()
afterEach(() => scope.close())

/** A backend that answers its own name and what it was asked for. */
const named = (name: string) => scope.httpBackend((request, response) => response.end(`${name} ${request.url}`))

describe('by host', () => {
  it.each(['web.test', 'WEB.Test', 'web.test:8080', 'web.test.', 'web.test.:80'])(
    'Host %s finds the service',
    async (host) => {
      const edge = scope.edge()
      await edge.apply(web([await named('web')]))

      const answer = await edge.talk(`GET /a?b=c HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)

      expect(bodyOf(answer)).toContain('web /a?b=c')
    },
  )

  it('an IPv6 address is a host name like others', async () => {
    const edge = scope.edge()
    await edge.apply(web([await named('six')], {hosts: ['[::1]']}))

    expect(await edge.talk('GET / HTTP/1.1\r\nHost: [::1]:80\r\nConnection: close\r\n\r\n')).toContain('six /')
    expect(hostName('[::1]')).toBe('[::1]')
  })

  it('an unknown host is a 404 that names the request, and the connection lives on', async () => {
    const edge = scope.edge()
    await edge.apply(web([await named('web')]))
    const client = edge.connect()

    client.write('GET / HTTP/1.1\r\nHost: other.test\r\nX-Request-Id: abc-1\r\n\r\n')
    const answer = await client.readUntil('request id: abc-1\n')
    expect(statusOf(answer)).toBe(404)
    expect(answer).toContain('no service for host: other.test\n')
    expect(answer).toContain('Content-Type: text/plain')

    client.clear()
    client.write(get())
    expect(statusOf(await client.readUntil('web /'))).toBe(200)
  })

  it('the host of an absolute target counts, and is what the backend sees', async () => {
    const edge = scope.edge()
    const address = await scope.httpBackend((request, response) =>
      response.end(`${request.headers.host} ${request.url}`),
    )
    await edge.apply(web([address]))

    const answer = await edge.talk('GET http://web.test/x?y HTTP/1.1\r\nHost: other.test\r\nConnection: close\r\n\r\n')

    expect(bodyOf(answer)).toContain('web.test /x?y')
  })

  it("a service's own port asks for no host name", async () => {
    const edge = scope.edge()
    await edge.apply(web([await named('own')], {paths: ['/only']}))

    expect(await edge.talk('GET /x HTTP/1.1\r\nHost: localhost:1\r\nConnection: close\r\n\r\n', 'web')).toContain(
      'own /x',
    )
    expect(await edge.talk('GET /x HTTP/1.0\r\n\r\n', 'web')).toContain('own /x')
  })
})

describe('by path', () => {
  const cases: readonly (readonly [path: string, service: string | 404])[] = [
    ['/', 'all'],
    ['/api', 'api'],
    ['/api/v2', 'v2'],
    ['/api/v2/x', 'api'],
    ['/apis', 'api'],
    ['/api?x=/static/', 'api'],
    ['/static/logo.png', 'static'],
    ['/static', 'all'],
  ]

  it.each(cases)('%s → %s', async (path, service) => {
    const edge = scope.edge()
    const entry = async (name: string, paths: string[]) => ({...web([await named(name)], {paths}), service: name})
    await edge.apply(
      await entry('all', []),
      await entry('api', ['/api*']),
      await entry('v2', ['/api/v2']),
      await entry('static', ['/static/*']),
    )

    expect(bodyOf(await edge.talk(lastGet(path)))).toContain(`${service} ${path}`)
  })

  it('no matching path is a 404', async () => {
    const edge = scope.edge()
    await edge.apply(web([await named('web')], {paths: ['/api/*']}))

    const answer = await edge.talk(lastGet('/other'))

    expect(statusOf(answer)).toBe(404)
    expect(answer).toContain('no backend for path: /other')
  })

  it.each([
    ['/api/x?y', '/api', '/x?y'],
    ['/api', '/api', '/'],
    ['/api?y', '/api', '/?y'],
    ['/api/', '/api/', '/'],
    ['/api/x', '/api/', '/x'],
    ['/apix', '/api', '/apix'],
    ['/other', '/api', '/other'],
  ])('%s without the prefix %s is %s', (target, prefix, expected) => {
    expect(withoutPrefix(target, prefix)).toBe(expected)
  })

  it('the prefix is stripped on the shared listener', async () => {
    const edge = scope.edge()
    await edge.apply(web([await named('web')], {paths: ['/api/*'], stripPrefix: '/api'}))

    expect(await edge.talk(lastGet('/api/x?y=1'))).toContain('web /x?y=1')
  })
})

describe('a path that steps out of itself', () => {
  it.each([
    '/api/../admin',
    '/api/%2e%2e/admin',
    '/api/.%2E',
    '/api/./x',
    '/api/..%2fadmin',
    '/api/..\\admin',
    '/..?x=1',
  ])('%s is refused where only some paths are served', async (path) => {
    const edge = scope.edge()
    await edge.apply(web([await named('web')], {paths: ['/api/*', '/..*'], stripPrefix: '/api'}))

    const answer = await edge.talk(lastGet(path))

    expect(statusOf(answer)).toBe(400)
    expect(answer).toContain('the path has "." or ".." in it\n')
  })

  it.each(['/api/a..b/.well-known/...', '/api/x?next=/../y', '/api/.git'])('%s is none', async (path) => {
    const edge = scope.edge()
    await edge.apply(web([await named('web')], {paths: ['/api/*']}))

    expect(bodyOf(await edge.talk(lastGet(path)))).toContain(`web ${path}`)
  })

  it('is passed on as it is where all paths are served', async () => {
    const edge = scope.edge()
    await edge.apply(web([await named('web')]))

    expect(bodyOf(await edge.talk(lastGet('/a/../b')))).toContain('web /a/../b')
  })
})

describe('by weight', () => {
  const backend = (isAvailable = true) => ({isAvailable: () => isAvailable}) as unknown as Backend
  const target = (version: string, weight: number, isAvailable = true): Target => ({
    backend: backend(isAvailable),
    weight,
    stats: new VersionStats('web', version),
  })
  const picks = (targets: readonly Target[], count: number): string => {
    const upstream = new Upstream('web')
    upstream.replace(targets)
    return Array.from({length: count}, () => upstream.pick(0, undefined)?.stats.version ?? '-').join('')
  }

  it('80 to 20 gives exactly 80 and 20 of a hundred, evenly mixed', () => {
    const order = picks([target('a', 80), target('b', 20)], 100)

    expect(order.replaceAll('a', '')).toHaveLength(20)
    expect(order).not.toMatch(/bb|a{6}/)
  })

  it('equal weights take turns', () => {
    expect(picks([target('a', 1), target('b', 1), target('c', 1)], 7)).toBe('abcabca')
  })

  it('weight 0 is never picked', () => {
    expect(picks([target('a', 0), target('b', 3)], 4)).toBe('bbbb')
    expect(picks([target('a', 0)], 2)).toBe('--')
  })

  it('odd weights keep their shares over a full round', () => {
    const order = picks([target('a', 5), target('b', 3), target('c', 1)], 90)

    expect([order.split('a').length, order.split('b').length, order.split('c').length]).toEqual([51, 31, 11])
  })

  it('targets that failed are used only when there are no others', () => {
    expect(picks([target('a', 1, false), target('b', 1)], 3)).toBe('bbb')
    expect(picks([target('a', 1, false), target('b', 1, false)], 4)).toBe('abab')
  })

  it('shares hold for real requests', async () => {
    const edge = scope.edge()
    const [a, b] = [await named('a'), await named('b')]
    await edge.apply(
      web([
        {address: a, weight: 80, version: 'v1'},
        {address: b, weight: 20, version: 'v2'},
      ]),
    )
    const client = edge.connect()

    client.write(get().repeat(99) + lastGet())
    await client.readToEnd()

    expect(edge.plane.stats().map(({version, requests}) => [version, requests])).toEqual([
      ['v1', 80],
      ['v2', 20],
    ])
  })

  it('no target is a 503 that says when to come back', async () => {
    const edge = scope.edge()
    await edge.apply(web([]))

    const answer = await edge.talk(lastGet())

    expect(statusOf(answer)).toBe(503)
    expect(answer).toContain('\r\nRetry-After: 1\r\n')
    expect(answer).toMatch(/request id: \S+\n$/)
  })
})
