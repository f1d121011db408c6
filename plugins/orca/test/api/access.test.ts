import {request} from 'node:http'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {ACCESS, accessOf} from '../../src/server/api/access.ts'
import {concrete, mountedRoutes} from './mounted.ts'
import {ADMIN, GRAFANA, serveApi} from './serve.ts'

let api: Awaited<ReturnType<typeof serveApi>>
const tokens = {admin: ADMIN, deployer: '', viewer: ''}
beforeAll(async () => {
  api = await serveApi()
  tokens.deployer = api.tokenOf('deployer')
  tokens.viewer = api.tokenOf('viewer')
})
afterAll(() => api.close())

/** Signed instead. */
const PUSH = 'POST /api/v1/webhooks/github'
const ROLES = ['viewer', 'deployer', 'admin'] as const
const POWER = {open: 0, viewer: 1, deployer: 2, admin: 3}
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'] as const
const ROUTES = Object.keys(ACCESS)
const PATHS = [...new Set(ROUTES.map((route) => route.split(' ')[1] ?? ''))]
/** Answers without end, the end of the server, and terminals have tests of their own. */
const isSpecial = (route: string) => /\/(events|shutdown|exec)$/.test(route)

const CASES = PATHS.flatMap((path) => METHODS.map((method) => `${method} ${path}`)).filter((route) => !isSpecial(route))
/** The rule of a request; `DELETE …/webhooks/github` is about a service of that name. */
const ruleOf = (route: string) =>
  ROUTES.filter((key) => key === route || new RegExp(`^${key.replace(/:[a-z_]+/, '[^/]+')}$`).test(concrete(route)))
    .map((key) => ACCESS[key])
    .at(0) ?? ACCESS[route.replace(/^HEAD /, 'GET ')]

/** The status of a request whose path and headers are sent byte by byte as they are given. */
function raw(method: string, path: string, headers: Record<string, string | string[]> = {}): Promise<number> {
  const {promise, resolve, reject} = Promise.withResolvers<number>()
  const call = request({port: api.port, host: '127.0.0.1', method, path, headers, agent: false}, (answer) => {
    resolve(answer.statusCode ?? 0)
    answer.destroy()
  })
  call.on('error', reject).end()
  return promise
}
const bearer = (token: string) => ({authorization: `Bearer ${token}`})

describe('the table of rights', () => {
  it('has exactly the mounted routes', () => {
    const routes = mountedRoutes(api.app)

    expect(routes.length).toBeGreaterThan(30)
    expect(routes.sort()).toEqual(ROUTES.toSorted())
  })

  it('gives a route that is not in it to admins', () => {
    expect(accessOf('GET', '/api/v1/new')).toMatchObject({role: 'admin'})
    expect(accessOf('GET', '__proto__')).toMatchObject({role: 'admin'})
    expect(accessOf('PATCH', '/api/v1/services/:name')).toMatchObject({role: 'admin'})
  })

  it('lets no viewer change anything, and none but admins near tokens, secrets, nodes and terminals', () => {
    for (const [route, {role}] of Object.entries(ACCESS)) {
      if (role === 'open') expect(['GET /api/v1/health', 'GET /api/v1/openapi.json', PUSH]).toContain(route)
      else if (!/^(GET|HEAD) /.test(route)) expect([route, role]).not.toEqual([route, 'viewer'])
      const isForAdmins = /\/(tokens|audit|shutdown|exec|secrets(?!\/recipient)|nodes|register|heartbeat)(\/|$)/.test(
        route,
      )
      if (isForAdmins) expect([route, role]).toEqual([route, 'admin'])
    }
  })

  it.each([
    ['GET /api/v1/status', 'viewer'],
    ['GET /api/v1/services/:name/logs', 'viewer'],
    ['POST /api/v1/deploy', 'deployer'],
    ['POST /api/v1/services/:name/promote', 'deployer'],
    ['DELETE /api/v1/projects/:project', 'deployer'],
    ['POST /api/v1/webhooks', 'admin'],
    ['DELETE /api/v1/webhooks/:id', 'admin'],
    ['POST /api/v1/cluster/nodes/:node_id/drain', 'admin'],
    ['POST /api/v1/tokens', 'admin'],
    ['GET /api/v1/audit', 'admin'],
    ['POST /api/v1/shutdown', 'admin'],
  ])('%s needs %s', (route, role) => expect(ACCESS[route]?.role).toBe(role))
})

describe.each(ROLES)('as a %s', (role) => {
  it('every method of every path is answered by its rule, and unknown ones are for admins', async () => {
    for (const route of CASES) {
      const [method = '', path = ''] = route.split(' ')
      const rule = ruleOf(route)
      const status = await raw(method, concrete(path), bearer(tokens[role]))
      const expected = rule === undefined ? 405 : POWER[role] < POWER[rule.role] ? 403 : 'in'
      const got = status === 403 || status === 405 ? status : 'in'
      // Answers without end have no HEAD.
      if (method === 'HEAD' && got === 405) continue
      expect({route, got}).toEqual({route, got: expected})
    }
  })

  it('another spelling of a path is no way around its rule', async () => {
    for (const path of PATHS) {
      const plain = concrete(path)
      const others = [
        `/${plain}`,
        plain.replace('/api/', '/api//'),
        plain.replace(/\/([^/]+)$/, '/./$1'),
        plain.replace(/(.)\/([^/]+)$/, '$1%2f$2'),
        `${plain}/`,
        `${plain}/.`,
        `${plain};x`,
        plain.toUpperCase(),
      ].filter(
        (other) =>
          other !== plain && !/^\/api\/v1\/(services|webhooks|tokens|secrets|artifacts|projects)\/[^/]*$/.test(other),
      )
      for (const other of others) {
        const status = await raw('POST', other, {...bearer(tokens[role]), 'x-http-method-override': 'GET'})
        // Some spellings are names of services; those have the rule of their route.
        expect({other, isIn: ![403, 404, 405].includes(status)}).toEqual({other, isIn: false})
      }
    }
  })
})

describe('who may come in', () => {
  it('nobody without a token, on any path and with any method', async () => {
    for (const path of [...PATHS, '/', '/api/v1/nothing', '//api/v1/status', '/api/v1/status/']) {
      for (const method of METHODS) {
        const rule = ruleOf(`${method} ${path}`)
        const isOpen = rule?.role === 'open' && !path.endsWith('github')
        const status = await raw(method, concrete(path))
        expect({path, method, is401: status === 401}).toEqual({path, method, is401: !isOpen})
      }
    }
  })

  it.each([
    ['a token in the query', '?token=owner-token&access_token=owner-token', {}],
    ['a lower-case scheme', '', {authorization: 'bearer owner-token'}],
    ['two headers', '', {authorization: ['Bearer owner-token', 'Bearer owner-token']}],
    ['two tokens in one header', '', {authorization: 'Bearer owner-token, Bearer owner-token'}],
    ['something behind the token', '', {authorization: 'Bearer owner-token x'}],
    ['the token in another header', '', {'x-authorization': 'Bearer owner-token', cookie: 'token=owner-token'}],
    ['a digest instead of the token', '', {authorization: 'Bearer undefined'}],
  ])('nobody with %s', async (_name, query, headers) => {
    expect(await raw('GET', `/api/v1/status${query}`, headers as Record<string, string>)).toBe(401)
  })

  it('nobody with a token of 1 MB', async () => {
    expect(await raw('GET', '/api/v1/status', bearer('x'.repeat(1_000_000))).catch(() => 431)).toBe(431)
    expect((await api.call('GET', '/api/v1/health')).status).toBe(200)
  })

  it('a token of the file of the cluster, with its role', async () => {
    expect((await api.call('GET', '/api/v1/status', {token: GRAFANA})).status).toBe(200)
    expect((await api.call('POST', '/api/v1/stop', {token: GRAFANA})).text).toContain(`role '"viewer"'`)
  })
})
