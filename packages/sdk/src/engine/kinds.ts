import type {NetworkState, ProfileState} from '../contracts/instance-facets.ts'
import type {Instance, InstanceTraits} from '../contracts/instance-provider.ts'
import type {Service, ServiceTraits} from '../contracts/service-engine.ts'
import type {ServiceSpec} from '../specs/service.ts'
import type {PlannedKind, Wanted} from './operation.ts'
import {readHashes, withoutOwn} from './owner.ts'

type Fields = Readonly<Record<string, unknown>>
type Labels = Readonly<Record<string, string>>

export interface PlannerTraits {
  readonly service?: ServiceTraits | undefined
  readonly instance?: InstanceTraits | undefined
  /** The driver of machines has `rebuild`. */
  readonly rebuilds?: boolean | undefined
}

/** What the planner must know of an observed thing, whatever its kind. */
export interface ObservedThing {
  readonly kind: PlannedKind
  readonly ref: string
  readonly labels: Labels
  /** In the form of the spec; owner labels left out. */
  readonly fields: Fields
  readonly dependsOn: readonly string[]
  readonly hostPort: number | undefined
  /** Should run, but does not: why it is started. */
  readonly down: string | undefined
  /** Was deployed, but no version of it has ever been ready: there is nothing that could be started. */
  readonly isUnborn: boolean
  /** Refuses to be removed. */
  readonly isProtected?: boolean | undefined
  readonly snapshotCount?: number | undefined
}

export function observedService({name, spec, status, desiredReplicas, release}: Service): ObservedThing {
  const isStopped = status === 'stopped'
  const replicas = isStopped || spec.replicas === 'auto' ? spec.replicas : desiredReplicas
  return {
    kind: 'service',
    ref: `service/${name}`,
    labels: spec.labels,
    fields: {...spec, replicas, labels: withoutOwn(spec.labels)},
    dependsOn: spec.depends_on,
    hostPort: spec.host_port,
    down: status === 'failed' ? 'it has failed' : isStopped && replicas !== 0 ? 'it is stopped' : undefined,
    isUnborn: status === 'failed' && release === undefined,
  }
}

export function observedInstance(instance: Instance): ObservedThing {
  const {name, image, type, cpus, memoryBytes, diskBytes, labels, status, settings} = instance
  const core = {name, image, type, cpus, memory: memoryBytes, disk: diskBytes, metadata: withoutOwn(labels)}
  return {
    ...THING,
    kind: 'instance',
    ref: `instance/${name}`,
    labels,
    fields: {...settings, ...core},
    down: status === 'running' ? undefined : status === 'error' ? 'it has failed' : `it is ${status}`,
    isProtected: settings?.protect,
    snapshotCount: instance.snapshotCount,
  }
}

const THING = {dependsOn: [], hostPort: undefined, down: undefined, isUnborn: false}

export function observedNetwork(state: NetworkState): ObservedThing {
  const {name, description, ipv4, ipv6, nat, dhcp, config, labels} = state
  const fields = withoutEmpty({name, description, ipv4, ipv6, nat, dhcp, config, metadata: withoutOwn(labels)})
  return {...THING, kind: 'network', ref: `network/${name}`, labels, fields}
}

export function observedProfile({name, description, config, devices, labels}: ProfileState): ObservedThing {
  const fields = withoutEmpty({name, description, config, devices, metadata: withoutOwn(labels)})
  return {...THING, kind: 'profile', ref: `profile/${name}`, labels, fields}
}

/** Backends tell what is not set as empty. */
const withoutEmpty = (fields: Fields): Fields =>
  Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== '' && !(isFields(value) && Object.keys(value).length === 0)),
  )

/** Fields that commands such as `omni scale` set as well. */
export const SHARED = {service: ['replicas'], instance: [], network: [], profile: []} as const

/** The spec that is sent for a thing which is there already, or undefined to send it as written. */
export function mergedSpec(wanted: Wanted, observed: ObservedThing, isOwned: boolean): Wanted {
  if (wanted.kind === 'instance') return withForeignLabels(wanted, observed)
  if (wanted.kind !== 'service') return wanted
  // Made by somebody else: what the file does not say stays as it is.
  const base = isOwned ? wanted.spec : mergeFields(observed.fields, wanted.written)
  const kept = Object.hasOwn(wanted.written, 'replicas') ? {} : {replicas: observed.fields.replicas}
  // Observed fields were a spec before.
  return {...wanted, spec: {...base, ...kept} as ServiceSpec}
}

/** Labels that no plan has set stay. */
function withForeignLabels(wanted: Extract<Wanted, {kind: 'instance'}>, {labels}: ObservedThing): Wanted {
  const before = readHashes(labels)
  const others = Object.entries(withoutOwn(labels)).filter(([key]) => before?.has(`metadata.${key}`) !== true)
  if (others.length === 0) return wanted
  return {...wanted, spec: {...wanted.spec, metadata: {...Object.fromEntries(others), ...wanted.spec.metadata}}}
}

function mergeFields(base: Fields, over: Fields): Fields {
  const merged: Record<string, unknown> = {...base}
  for (const [key, value] of Object.entries(over)) {
    const before = Object.hasOwn(base, key) ? base[key] : undefined
    merged[key] = isFields(before) && isFields(value) ? mergeFields(before, value) : value
  }
  return merged
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
