import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {ACCESS, accessOf} from '../../src/server/api/access.ts'
import {ADMIN, serveApi} from './serve.ts'

let api: Awaited<ReturnType<typeof serveApi>>
const tokens = {admin: ADMIN, deployer: '', viewer: ''}
beforeAll(async () => {
  api = await serveApi()
  tokens.deployer = api.tokenOf('deployer')
  tokens.viewer = api.tokenOf('viewer')
})
afterAll(() => api.close())

const ROLES = ['viewer', 'deployer', 'admin'] as const
const POWER = {open: 0, viewer: 1, deployer: 2, admin: 3}
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'] as const

/** `/a/:b/c` of every mounted route, read from the router itself. */
const mounted = () => {
  const tree = api.app.printRoutes({commonPrefix: false, includeHooks: false})
  const routes: string[] = []
  const parents: string[] = []
  for (const line of tree.split('\n')) {
    const match = /^((?:[│ ] {3})*)[├└]── (\S*)(?: \((.+)\))?$/.exec(line)
    if (match === null) continue
    const depth = (match[1] ?? '').length / 4
    parents.length = depth
    parents.push(match[2] ?? '')
    for (const method of (match[3] ?? '').split(', ').filter(Boolean)) routes.push(`${method} ${parents.join('')}`)
  }
  return routes
}

const concrete = (route: string) => route.replace(/:[a-z_]+/g, 'x')

describe('the table of rights', () => {
  it('has exactly the mounted routes', () => {
    const routes = mounted().filter((route) => !route.startsWith('HEAD ') || route in ACCESS)

    expect(routes.length).toBeGreaterThan(30)
    expect(routes.sort()).toEqual(Object.keys(ACCESS).sort())
  })

  it('gives a route that is not in it to admins', () => {
    expect(accessOf('GET', '/api/v1/new')).toMatchObject({role: 'admin'})
    expect(accessOf('GET', '__proto__')).toMatchObject({role: 'admin'})
    expect(accessOf('PATCH', '/api/v1/services/:name')).toMatchObject({role: 'admin'})
  })

  it.each([
    ['GET /api/v1/status', 'viewer'],
    ['GET /api/v1/services/:name/logs', 'viewer'],
    ['POST /api/v1/deploy', 'deployer'],
    ['POST /api/v1/services/:name/promote', 'deployer'],
    ['DELETE /api/v1/projects/:project', 'deployer'],
    ['POST /api/v1/webhooks', 'admin'],
    ['POST /api/v1/cluster/nodes/:node_id/drain', 'admin'],
    ['POST /api/v1/tokens', 'admin'],
    ['POST /api/v1/shutdown', 'admin'],
  ])('%s needs %s', (route, role) => expect(ACCESS[route]?.role).toBe(role))

  it('is kept by every route, for every role', async () => {
    for (const [route, {role: needed}] of Object.entries(ACCESS)) {
      if (route.endsWith('/events') || route.endsWith('/shutdown')) continue
      const [method = '', path = ''] = concrete(route).split(' ')
      for (const role of ROLES) {
        const {status, text} = await api.call(method, path, {token: tokens[role]})
        const isRefused = status === 403
        expect({route, role, isRefused, text: isRefused && method !== 'HEAD' ? text : ''}).toEqual({
          route,
          role,
          isRefused: POWER[role] < POWER[needed],
          text:
            POWER[role] < POWER[needed] && method !== 'HEAD'
              ? `role '"${role}"' may not perform '${ACCESS[route]?.action}' on this route`
              : '',
        })
      }
    }
  })

  it('lets nobody in without a token, on any path and with any method', async () => {
    const paths = [...new Set(Object.keys(ACCESS).map((route) => concrete(route).split(' ')[1] ?? ''))]
    for (const path of [...paths, '/', '/api/v1/nothing']) {
      for (const method of METHODS) {
        const isOpen = Object.entries(ACCESS).some(
          ([route, {role}]) => role === 'open' && route === `${method} ${path}`,
        )
        const {status} = await api.call(method, path, {token: ''})
        expect({path, method, is401: status === 401}).toEqual({path, method, is401: !isOpen || path.endsWith('github')})
      }
    }
  })

  it('leads a viewer to the refusal of the role on ways that only lead to 404 for an admin', async () => {
    expect((await api.call('GET', '/api/v1/nothing', {token: tokens.viewer})).status).toBe(403)
    expect((await api.call('GET', '/api/v1/nothing')).status).toBe(404)
  })
})
