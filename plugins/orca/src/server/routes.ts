import type {ServiceSpec} from '@omni-cli/sdk'
import type {EdgePin, EdgeService, EdgeTable, EdgeTarget} from '../edge/table.ts'
import {type Weights, weightsOf} from './canary/share.ts'
import type {CanaryRow} from './store/services.ts'

/** What the routes of a service follow from. */
export interface RoutedService {
  readonly spec: ServiceSpec
  /** Port chosen for it when the spec fixes none. */
  readonly port: number | undefined
  /** Ready replicas. */
  readonly replicas: readonly {readonly address: string | undefined; readonly release: string}[]
  /** Undefined when none runs. */
  readonly canary?: Pick<CanaryRow, 'release' | 'weight' | 'spec'> | undefined
}

/** The whole table: each service with a port, by name; the same input gives the same table. */
export function edgeTable(http: EdgeTable['http'], services: readonly RoutedService[]): EdgeTable {
  return {http, services: services.filter(({spec}) => spec.port !== undefined).map(edgeService)}
}

/** Host names of a service on the shared listener; none for tcp, and only declared ones for internal services. */
export function hostsOf(spec: ServiceSpec): string[] {
  if (spec.port === undefined || spec.protocol === 'tcp') return []
  if (spec.internal) return domainsOf(spec)
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

function edgeService({spec, port, replicas, canary}: RoutedService): EdgeService {
  const pin = canary === undefined ? undefined : pinOf(canary.spec)
  return {
    service: spec.name,
    protocol: spec.protocol,
    port: portOf(spec, port),
    hosts: hostsOf(spec),
    paths: spec.routes,
    ...(spec.strip_prefix === undefined ? {} : {stripPrefix: spec.strip_prefix}),
    ...(pin === undefined ? {} : {pin}),
    targets: targetsOf(replicas, canary).sort((a, b) => (a.address < b.address ? -1 : 1)),
  }
}

function targetsOf(replicas: RoutedService['replicas'], canary: RoutedService['canary']): EdgeTarget[] {
  const known = replicas.flatMap(({address, release}) => (address === undefined ? [] : [{address, version: release}]))
  if (canary === undefined) return known.map((target) => ({...target, weight: 1}))
  const sideOf = (version: string): keyof Weights => (version === canary.release ? 'canary' : 'stable')
  const beside = known.filter(({version}) => sideOf(version) === 'canary').length
  const weights = weightsOf(canary.weight, {stable: known.length - beside, canary: beside})
  return known.map((target) => {
    const pin = sideOf(target.version)
    return {...target, weight: weights[pin], pin}
  })
}

/** Cookie of visitors who stay on their version, when the spec names none. */
const STICKY_COOKIE = 'omni-canary'

function pinOf({deploy}: ServiceSpec): EdgePin | undefined {
  const {header, cookie, sticky = false} = deploy?.canary ?? {}
  const name = cookie ?? (sticky ? STICKY_COOKIE : undefined)
  if (header === undefined && name === undefined) return undefined
  return {
    ...(header === undefined ? {} : {header: header.toLowerCase()}),
    ...(name === undefined ? {} : {cookie: name}),
    isSticky: sticky,
  }
}
