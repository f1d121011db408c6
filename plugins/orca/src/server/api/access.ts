import type {Actor} from '../control.ts'

/** Who may call a route. `open` routes are called without a token (and prove themselves otherwise, or tell nothing). */
export interface Access {
  readonly role: 'open' | Actor['role']
  /** Name of the permission, for the refusal. */
  readonly action: string
}

const open: Access = {role: 'open', action: 'health'}
const viewer = (action: string): Access => ({role: 'viewer', action})
const deployer = (action: string): Access => ({role: 'deployer', action})
const admin = (action: string): Access => ({role: 'admin', action})

/** Every route of the server, and the least role that may call it. A route that is missing here is for admins. */
export const ACCESS: Readonly<Record<string, Access>> = {
  'GET /api/v1/health': open,
  'GET /api/v1/openapi.json': {role: 'open', action: 'openapi'},
  'GET /metrics': viewer('status'),
  'GET /api/v1/status': viewer('status'),
  'GET /api/v1/version': viewer('status'),
  'GET /api/v1/cluster/info': viewer('cluster_info'),
  'GET /api/v1/events': viewer('status'),
  'GET /api/v1/certificates': viewer('status'),
  'GET /api/v1/services': viewer('status'),
  'GET /api/v1/services/:name': viewer('status'),
  'GET /api/v1/services/:name/releases': viewer('status'),
  'GET /api/v1/services/:name/logs': viewer('logs'),
  'GET /api/v1/services/:name/log-sources': viewer('logs'),
  'GET /api/v1/services/:name/exec': admin('exec'),
  'GET /api/v1/webhooks': viewer('status'),
  'GET /api/v1/webhooks/:id/invocations': viewer('status'),

  'POST /api/v1/deploy': deployer('deploy'),
  'POST /api/v1/services': deployer('deploy'),
  'POST /api/v1/services/:name/scale': deployer('scale'),
  'POST /api/v1/services/:name/rollback': deployer('rollback'),
  'POST /api/v1/services/:name/promote': deployer('deploy'),
  'POST /api/v1/services/:name/canary/abort': deployer('deploy'),
  'POST /api/v1/services/:name/canary/decide': deployer('deploy'),
  'POST /api/v1/services/:name/redeploy': deployer('deploy'),
  'POST /api/v1/services/:name/restart': deployer('deploy'),
  'POST /api/v1/services/:name/start': deployer('deploy'),
  'POST /api/v1/services/:name/stop': deployer('stop'),
  'DELETE /api/v1/services/:name': deployer('stop'),
  'DELETE /api/v1/projects/:project': deployer('stop'),
  'POST /api/v1/stop': deployer('stop'),
  'PUT /api/v1/artifacts/:digest': deployer('deploy'),
  'HEAD /api/v1/artifacts/:digest': deployer('deploy'),

  // Signed by the forge instead: see push.ts.
  'POST /api/v1/webhooks/github': {role: 'open', action: 'push'},
  'POST /api/v1/webhooks': admin('webhooks'),
  'DELETE /api/v1/webhooks/:id': admin('webhooks'),
  'POST /api/v1/cluster/register': admin('cluster'),
  'POST /api/v1/cluster/heartbeat': admin('cluster'),
  'POST /api/v1/cluster/nodes/:node_id/drain': admin('cluster'),
  'POST /api/v1/cluster/nodes/:node_id/undrain': admin('cluster'),
  'GET /api/v1/tokens': admin('tokens'),
  'POST /api/v1/tokens': admin('tokens'),
  'POST /api/v1/tokens/:id/rotate': admin('tokens'),
  'DELETE /api/v1/tokens/:id': admin('tokens'),
  'GET /api/v1/audit': admin('audit'),
  'POST /api/v1/shutdown': admin('shutdown'),
  // Needed to encrypt for the server; it tells nothing.
  'GET /api/v1/secrets/recipient': deployer('secrets_recipient'),
  'GET /api/v1/secrets': admin('secrets'),
  'GET /api/v1/secrets/usage': admin('secrets'),
  'POST /api/v1/secrets/:key': admin('secrets'),
  'DELETE /api/v1/secrets/:key': admin('secrets'),
  'POST /api/v1/secrets/rotate': admin('secrets'),
  'POST /api/v1/secrets/import': admin('secrets'),
  'POST /api/v1/secrets/export': admin('secrets'),
}

const POWER = {open: 0, viewer: 1, deployer: 2, admin: 3} as const

/** The rule of a route; HEAD is what GET is. Without a rule: admins only. */
export function accessOf(method: string, route: string | undefined): Access {
  const rule = (verb: string) => {
    const key = `${verb} ${route}`
    return Object.hasOwn(ACCESS, key) ? ACCESS[key] : undefined
  }
  return rule(method) ?? (method === 'HEAD' ? rule('GET') : undefined) ?? admin('admin')
}

export const isAllowed = (actor: Actor, access: Access): boolean => POWER[actor.role] >= POWER[access.role]

/** Methods that exist on the path of a URL; empty when the path is unknown. */
export function methodsOf(path: string): string[] {
  const methods = Object.keys(ACCESS)
    .map((key) => key.split(' ') as [string, string])
    .filter(([, route]) => patternOf(route).test(path))
    .map(([method]) => method)
  if (methods.includes('GET') && !methods.includes('HEAD')) methods.push('HEAD')
  return methods
}

const patternOf = (route: string): RegExp => new RegExp(`^${route.replace(/:[a-z_]+/g, '[^/]+')}$`)
