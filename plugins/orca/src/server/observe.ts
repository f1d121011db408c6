import type {
  Endpoint,
  Replica as ReplicaState,
  Service,
  ServiceFailure,
  ServiceSpec,
  ServiceStatus,
} from '@omni-cli/sdk'
import type {EdgeListener} from '../edge/table.ts'
import type {InstanceStats} from '../runtimes/runtime.ts'
import {type Counters, observeCanary} from './canary/facts.ts'
import {bySide, hasCanary} from './canary/share.ts'
import {isServing} from './fleet.ts'
import type {Replica} from './replica.ts'
import {domainsOf, hostsOf} from './routes.ts'
import type {ServiceRow} from './store/services.ts'

/** All that a picture of a service is made of. */
export interface Observation {
  readonly row: ServiceRow
  readonly replicas: readonly Replica[]
  readonly isDeploying: boolean
  /** Of the newest release, or of a start or restart since. */
  readonly failure: ServiceFailure | undefined
  readonly stats: ReadonlyMap<string, InstanceStats>
  readonly listeners: readonly EdgeListener[]
  /** Of the proxy, for canaries; nothing when it does not answer. */
  readonly counters?: Counters | undefined
}

const NO_COUNTERS: Counters = {edgePid: undefined, stats: []}

/** A service as it is now. */
export function observeService(observation: Observation): Service {
  const {row, replicas, stats, listeners, counters = NO_COUNTERS} = observation
  const failing = newest(replicas.map(({failure}) => failure).filter((failure) => failure !== undefined))
  const lastFailure = failing ?? observation.failure
  return {
    name: row.name,
    ...(row.spec.project === undefined ? {} : {project: row.spec.project}),
    status: serviceStatus(observation),
    spec: row.spec,
    desiredReplicas: row.desired,
    runningReplicas: bySide(replicas, row.canary).stable.filter(isServing).length,
    ...(row.release === undefined ? {} : {release: row.release}),
    endpoints: row.state === 'stopped' || row.release === undefined ? [] : endpointsOf(row.spec, listeners),
    replicas: replicas.map((replica) => observeReplica(replica, stats)).sort((a, b) => a.index - b.index),
    ...(hasCanary(row) ? {canary: observeCanary({row, replicas, counters, now: new Date()})} : {}),
    ...(lastFailure === undefined ? {} : {lastFailure}),
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  }
}

/** One word for a service. */
export function serviceStatus({row, replicas, isDeploying}: Omit<Observation, 'stats' | 'listeners'>): ServiceStatus {
  const {stable} = bySide(replicas, row.canary)
  if (isDeploying) return 'deploying'
  if (row.state === 'stopped') return 'stopped'
  if (row.release === undefined) return 'failed'
  const ready = stable.filter(isServing).length
  if (ready >= row.desired) return 'running'
  const isHopeless = stable.length > 0 && stable.every(({failure}) => failure !== undefined)
  return ready === 0 && isHopeless ? 'failed' : 'degraded'
}

/** Ways in whose listener is open: the loopback port, and the host name. */
export function endpointsOf(spec: ServiceSpec, listeners: readonly EdgeListener[]): Endpoint[] {
  const open = listeners.filter(({error}) => error === undefined)
  const own = open.find(({service}) => service === spec.name)
  const shared = open.find(({service, isTls}) => service === undefined && isTls !== true)
  const scheme = spec.protocol === 'tcp' ? 'tcp' : 'http'
  const local: Endpoint[] = own === undefined ? [] : [{url: `${scheme}://127.0.0.1:${own.port}`, via: 'local'}]
  if (shared === undefined || hostsOf(spec).length === 0) return local
  const declared = domainsOf(spec)
  const names = declared.length === 0 ? [`${spec.name}.localhost`] : declared
  const secure = open.find(({isTls}) => isTls === true)
  const certified = new Set(secure?.certificates?.filter(({notAfter}) => notAfter !== undefined).map(({host}) => host))
  const urlOf = (name: string): string =>
    secure !== undefined && certified.has(name)
      ? `https://${name}${secure.port === 443 ? '' : `:${secure.port}`}`
      : `http://${name}${shared.port === 80 ? '' : `:${shared.port}`}`
  return [...local, ...names.map((name): Endpoint => ({url: urlOf(name), via: 'domain'}))]
}

function observeReplica(replica: Replica, stats: ReadonlyMap<string, InstanceStats>): ReplicaState {
  const {plan, instance, status, restarts, lastExit} = replica
  const reading = instance === undefined ? undefined : stats.get(instance.id)
  return {
    name: replica.name,
    index: plan.index,
    status,
    release: plan.release,
    ...(instance?.pid === undefined ? {} : {pid: instance.pid}),
    ...(instance?.address === undefined ? {} : {address: instance.address}),
    ...(instance === undefined ? {} : {startedAt: instance.startedAt}),
    restarts,
    ...(reading === undefined ? {} : {cpuPercent: reading.cpuPercent, memoryBytes: reading.memoryBytes}),
    ...(lastExit === undefined ? {} : {lastExit}),
  }
}

const newest = (failures: readonly ServiceFailure[]): ServiceFailure | undefined =>
  failures.toSorted((a, b) => b.at.localeCompare(a.at))[0]
