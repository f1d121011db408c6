import type {CheckContext, ConformanceCheck} from '../check.ts'
import {contains, ok, status, textIs} from '../expect.ts'

type Role = 'admin' | 'deployer' | 'viewer'

/** A request that changes nothing, and who may send it: the guide's table, and the holes that Orca has closed since. */
interface Right {
  readonly what: string
  readonly method: string
  readonly path: string
  readonly json?: unknown
  readonly roles: readonly Role[]
}

const EVERYBODY: readonly Role[] = ['admin', 'deployer', 'viewer']
const DEPLOYERS: readonly Role[] = ['admin', 'deployer']
const ADMINS: readonly Role[] = ['admin']

const RIGHTS: readonly Right[] = [
  {what: 'read the status', method: 'GET', path: '/api/v1/status', roles: EVERYBODY},
  {what: 'read logs', method: 'GET', path: '/api/v1/services/ghost/logs', roles: EVERYBODY},
  {what: 'read the nodes', method: 'GET', path: '/api/v1/cluster/info', roles: EVERYBODY},
  {what: 'read the metrics', method: 'GET', path: '/metrics', roles: EVERYBODY},
  {what: 'list webhooks', method: 'GET', path: '/api/v1/webhooks', roles: EVERYBODY},
  {what: 'deploy', method: 'POST', path: '/api/v1/deploy', json: {services: []}, roles: DEPLOYERS},
  {what: 'scale', method: 'POST', path: '/api/v1/services/ghost/scale', json: {replicas: 1}, roles: DEPLOYERS},
  {what: 'roll back', method: 'POST', path: '/api/v1/services/ghost/rollback', roles: DEPLOYERS},
  {what: 'promote', method: 'POST', path: '/api/v1/services/ghost/promote', roles: DEPLOYERS},
  {what: 'stop a service', method: 'DELETE', path: '/api/v1/services/ghost', roles: DEPLOYERS},
  {what: 'stop a project', method: 'DELETE', path: '/api/v1/projects/no-such-project-here', roles: DEPLOYERS},
  {what: 'drain a node', method: 'POST', path: '/api/v1/cluster/nodes/7/drain', roles: ADMINS},
  {what: 'undrain a node', method: 'POST', path: '/api/v1/cluster/nodes/7/undrain', roles: ADMINS},
  {what: 'register a webhook', method: 'POST', path: '/api/v1/webhooks', json: {}, roles: ADMINS},
  {what: 'remove a webhook', method: 'DELETE', path: '/api/v1/webhooks/ghost', roles: ADMINS},
  {what: 'call an unknown route', method: 'POST', path: '/api/v1/no-such-thing', roles: ADMINS},
]

const refused = (code: number): boolean => code === 401 || code === 403

const rightChecks = RIGHTS.flatMap(({what, method, path, json, roles}) =>
  EVERYBODY.map(
    (role): ConformanceCheck => ({
      group: 'access',
      name: `${role} ${roles.includes(role) ? 'may' : 'may not'} ${what}`,
      needs: role === 'admin' ? [] : ['tokens'],
      async run({api, tokens}) {
        const token = tokens[role]
        const answer = await api.send(method, path, {token, ...(json === undefined ? {} : {json})})
        if (!roles.includes(role)) return status(answer, 403, `${role}: ${what}`)
        ok(!refused(answer.status), `${role}: ${what} was refused with ${answer.status} ${answer.text}`)
      },
    }),
  ),
)

/** Ways to say who one is that are none. */
const INTRUDERS: readonly [name: string, headers: Record<string, string>, text: string][] = [
  ['no token', {}, 'missing bearer token'],
  ['another scheme', {authorization: 'Basic b3duZXI6eA=='}, 'missing bearer token'],
  ['a lower-case scheme', {authorization: 'bearer x'}, 'missing bearer token'],
  ['a wrong token', {authorization: 'Bearer wrong'}, 'invalid bearer token'],
  ['a wrong token of 8 kB', {authorization: `Bearer ${'x'.repeat(8000)}`}, 'invalid bearer token'],
]

/** Spellings of one path by which a check of paths might be passed. */
const SPELLINGS = [
  '//api/v1/services/ghost/promote',
  '/api/v1//services/ghost/promote',
  '/api/v1/./services/ghost/promote',
  '/api/v1/services/ghost/promote/',
  '/api/v1/services/ghost%2fpromote',
  '/api/v1/services/x/../ghost/promote',
  '/API/v1/services/ghost/promote',
]

async function mustNotPromote({api, tokens}: CheckContext, path: string, headers: Record<string, string> = {}) {
  const answer = await api.send('POST', path, {token: tokens.viewer, headers})
  ok([400, 403, 404, 405].includes(answer.status), `${path}: ${answer.status} ${answer.text}`)
}

/** Who may do what. */
export const accessChecks: readonly ConformanceCheck[] = [
  ...INTRUDERS.map(
    ([name, headers, text]): ConformanceCheck => ({
      group: 'access',
      name: `${name} is a 401 that says '${text}'`,
      async run({api}) {
        const answer = await api.send('GET', '/api/v1/status', {token: null, headers})
        status(answer, 401, name)
        textIs(answer, text, name)
        contains(answer.headers['content-type'] ?? '', 'text/plain', 'media type')
      },
    }),
  ),
  {
    group: 'access',
    name: 'a token in the query is none',
    async run({api, tokens}) {
      const query = `token=${tokens.admin ?? 'x'}`
      status(await api.send('GET', `/api/v1/status?${query}`, {token: null}), 401, 'token in the query')
    },
  },
  {
    group: 'access',
    name: 'a refusal for the role names the role and the act',
    needs: ['tokens'],
    async run({api, tokens}) {
      const answer = await api.send('POST', '/api/v1/deploy', {token: tokens.viewer, json: {services: []}})
      status(answer, 403, 'deploy by a viewer')
      contains(answer.text, 'viewer', 'refusal')
      contains(answer.text, "'deploy'", 'refusal')
    },
  },
  ...rightChecks,
  ...SPELLINGS.map(
    (path): ConformanceCheck => ({
      group: 'access',
      name: `a viewer cannot promote by the path ${path}`,
      needs: ['tokens'],
      run: (context) => mustNotPromote(context, path),
    }),
  ),
  {
    group: 'access',
    name: 'a header cannot change the method',
    needs: ['tokens'],
    async run({api, tokens}) {
      const headers = {'x-http-method-override': 'DELETE'}
      const answer = await api.send('GET', '/api/v1/webhooks/ghost', {token: tokens.viewer, headers})
      ok(answer.status === 403 || answer.status === 404 || answer.status === 405, `answered ${answer.status}`)
    },
  },
]
