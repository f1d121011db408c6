import type {ServiceSpec} from '@omni-cli/sdk'
import type {EdgeService, EdgeTable, EdgeTarget} from '../edge/table.ts'

/** What the routes of a service follow from. */
export interface RoutedService {
  readonly spec: ServiceSpec
  /** Port chosen for it when the spec fixes none. */
  readonly port: number | undefined
  /** Ready replicas. */
  readonly replicas: readonly {readonly address: string | undefined; readonly release: string}[]
}

/** The whole table: each service with a port, by name; the same input gives the same table. */
export function edgeTable(http: EdgeTable['http'], services: readonly RoutedService[]): EdgeTable {
  return {http, services: services.filter(({spec}) => spec.port !== undefined).map(edgeService)}
}

/** Host names of a service on the shared listener; none for internal and tcp ones. */
export function hostsOf(spec: ServiceSpec): string[] {
  if (spec.internal || spec.port === undefined || spec.protocol === 'tcp') return []
  const local = spec.project === undefined ? [] : [`${spec.name}.${spec.project}.localhost`]
  return [...new Set([...domainsOf(spec), `${spec.name}.localhost`, ...local])]
}

/** Host names that the spec declares, lower case. */
export const domainsOf = (spec: ServiceSpec): string[] => [
  ...new Set(
    [spec.domain, ...(spec.domains ?? [])].filter((name) => name !== undefined).map((name) => name.toLowerCase()),
  ),
]

/** Where the service is found on this machine. */
export const portOf = (spec: ServiceSpec, chosen: number | undefined): number | undefined =>
  spec.port === undefined ? undefined : (spec.host_port ?? chosen)

function edgeService({spec, port, replicas}: RoutedService): EdgeService {
  const targets = replicas.flatMap(({address, release}): EdgeTarget[] =>
    address === undefined ? [] : [{address, weight: 1, version: release}],
  )
  return {
    service: spec.name,
    protocol: spec.protocol,
    port: portOf(spec, port),
    hosts: hostsOf(spec),
    paths: spec.routes,
    ...(spec.strip_prefix === undefined ? {} : {stripPrefix: spec.strip_prefix}),
    targets: targets.sort((a, b) => (a.address < b.address ? -1 : 1)),
  }
}
