import type {EventOptions, HttpRequest, LogOptions, ServiceSpec} from '@omni-cli/sdk'

/** Asks for full services and JSON errors on the paths that Orca has too. */
const NATIVE = {accept: 'application/vnd.omni+json, application/json'}
const LINES = {accept: 'application/x-ndjson'}

const service = (name: string, rest = ''): string => `/api/v1/services/${encodeURIComponent(name)}${rest}`

type Query = Readonly<Record<string, string | number | boolean | undefined>>

/** `?a=1&b=x`, without what is undefined. */
export function queryOf(values: Query): string {
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries(values)) if (value !== undefined) query.set(key, String(value))
  return query.size === 0 ? '' : `?${query}`
}

/** Requests of our own server, as data. */
export const version = (): HttpRequest => ({method: 'GET', path: '/api/v1/version', headers: NATIVE})

export const listServices = (project?: string | undefined): HttpRequest => ({
  method: 'GET',
  path: `/api/v1/services${queryOf({project})}`,
  headers: NATIVE,
})

export const getService = (name: string): HttpRequest => ({method: 'GET', path: service(name), headers: NATIVE})

export type DeployMode = 'create' | 'update' | 'apply'

export const deployService = (spec: ServiceSpec, mode: DeployMode): HttpRequest => ({
  method: 'POST',
  path: `/api/v1/services${queryOf({mode})}`,
  headers: {...NATIVE, ...LINES},
  json: spec,
})

export type ActVerb = 'start' | 'stop' | 'restart' | 'promote' | 'canary/abort' | 'canary/decide'

export const act = (name: string, verb: ActVerb): HttpRequest => ({
  method: 'POST',
  path: service(name, `/${verb}`),
  headers: NATIVE,
})

export const scale = (name: string, replicas: number): HttpRequest => ({
  method: 'POST',
  path: service(name, '/scale'),
  headers: NATIVE,
  json: {replicas},
})

export const rollback = (name: string, to: string | undefined): HttpRequest => ({
  method: 'POST',
  path: service(name, '/rollback'),
  headers: NATIVE,
  json: {to: to ?? null},
})

export const removeService = (name: string, purge: boolean): HttpRequest => ({
  method: 'DELETE',
  path: service(name, queryOf({forget: true, purge})),
  headers: NATIVE,
})

export const releases = (name: string): HttpRequest => ({
  method: 'GET',
  path: service(name, '/releases'),
  headers: NATIVE,
})

export const logs = (name: string, {tail, since, follow, replica}: LogOptions): HttpRequest => ({
  method: 'GET',
  path: service(name, `/logs${queryOf({tail, since, follow, replica})}`),
  headers: LINES,
})

export const logFiles = (name: string, replica: string | undefined): HttpRequest => ({
  method: 'GET',
  path: service(name, `/log-sources${queryOf({replica})}`),
  headers: NATIVE,
})

export const events = ({since, follow, ref}: EventOptions): HttpRequest => ({
  method: 'GET',
  path: `/api/v1/events${queryOf({since, follow: follow ?? false, ref})}`,
  headers: LINES,
})

export const hasArtifact = (digest: string): HttpRequest => ({method: 'HEAD', path: `/api/v1/artifacts/${digest}`})

export const putArtifact = (digest: string, body: NodeJS.ReadableStream): HttpRequest => ({
  method: 'PUT',
  path: `/api/v1/artifacts/${digest}`,
  headers: {...NATIVE, 'content-type': 'application/gzip'},
  body,
})

export const shutdown = (workloads: 'keep' | 'stop'): HttpRequest => ({
  method: 'POST',
  path: `/api/v1/shutdown${queryOf({workloads})}`,
  headers: NATIVE,
})

/** Requests that every Orca server knows. */
export const orcaStatus = (project?: string | undefined): HttpRequest => ({
  method: 'GET',
  path: `/api/v1/status${queryOf({project})}`,
})

export const orcaDeploy = (services: readonly unknown[]): HttpRequest => ({
  method: 'POST',
  path: '/api/v1/deploy',
  json: {services},
})

export const orcaStop = (name: string): HttpRequest => ({method: 'DELETE', path: service(name)})

/** `redeploy` came with Orca 0.2.1, `start` with 0.2.11. */
export const orcaAct = (name: string, verb: 'start' | 'redeploy' | 'rollback' | 'promote'): HttpRequest => ({
  method: 'POST',
  path: service(name, `/${verb}`),
})

export const orcaLogs = (name: string, {tail, follow}: LogOptions): HttpRequest => ({
  method: 'GET',
  path: service(name, `/logs${queryOf({tail: tail ?? 1000, follow: follow ?? false})}`),
})

export const clusterInfo = (): HttpRequest => ({method: 'GET', path: '/api/v1/cluster/info'})
