import {createHash} from 'node:crypto'
import type {Instance, InstanceTraits} from '../contracts/instance-provider.ts'
import type {Service, ServiceTraits} from '../contracts/service-engine.ts'
import type {ServiceSpec} from '../specs/service.ts'
import {HASH_LABEL, PLAN_LABEL, type Wanted} from './operation.ts'

type Fields = Readonly<Record<string, unknown>>
type Labels = Readonly<Record<string, string>>

export interface PlannerTraits {
  readonly service?: ServiceTraits | undefined
  readonly instance?: InstanceTraits | undefined
}

/** What the planner must know of an observed thing, whatever its kind. */
export interface ObservedThing {
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
}

const isOwnLabel = (key: string) => key === PLAN_LABEL || key === HASH_LABEL

const withoutOwn = (labels: Labels): Labels =>
  Object.fromEntries(Object.entries(labels).filter(([key]) => !isOwnLabel(key)))

export function observedService({name, spec, status, desiredReplicas, release}: Service): ObservedThing {
  const isStopped = status === 'stopped'
  const replicas = isStopped || spec.replicas === 'auto' ? spec.replicas : desiredReplicas
  return {
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
  const {name, image, type, cpus, memoryBytes, diskBytes, labels, status} = instance
  return {
    ref: `instance/${name}`,
    labels,
    fields: {name, image, type, cpus, memory: memoryBytes, disk: diskBytes, metadata: withoutOwn(labels)},
    dependsOn: [],
    hostPort: undefined,
    down: status === 'stopped' || status === 'frozen' ? `it is ${status}` : undefined,
    isUnborn: false,
  }
}

/** Fields that commands such as `omni scale` set as well. */
export const SHARED = {service: ['replicas'], instance: []} as const

/** The spec that is sent for a thing which is there already, or undefined to send it as written. */
export function mergedSpec(wanted: Wanted, observed: ObservedThing, isOwned: boolean): Wanted {
  if (wanted.kind !== 'service') return wanted
  // Made by somebody else: what the file does not say stays as it is.
  const base = isOwned ? wanted.spec : mergeFields(observed.fields, wanted.written)
  const kept = Object.hasOwn(wanted.written, 'replicas') ? {} : {replicas: observed.fields.replicas}
  // Observed fields were a spec before.
  return {...wanted, spec: {...base, ...kept} as ServiceSpec}
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

/** With the labels that say whose it is. */
export function withOwner(wanted: Wanted): Wanted {
  if (wanted.kind === 'service') {
    const labels = {...withoutOwn(wanted.spec.labels), [PLAN_LABEL]: wanted.plan}
    return {...wanted, spec: {...wanted.spec, labels}}
  }
  const hash = hashesOf(wanted)
  const metadata = {...withoutOwn(wanted.spec.metadata ?? {}), [PLAN_LABEL]: wanted.plan}
  return {...wanted, spec: {...wanted.spec, metadata: hash === '' ? metadata : {...metadata, [HASH_LABEL]: hash}}}
}

const UNREADABLE = ['cloud_init', 'network', 'profiles'] as const

/** `cloud_init:1a2b3c4d,…` over the settings of a machine that no driver reads back. */
function hashesOf(wanted: Wanted): string {
  if (wanted.kind !== 'instance') return ''
  return UNREADABLE.filter((field) => wanted.spec[field] !== undefined)
    .map((field) => `${field}:${hash(wanted.spec[field])}`)
    .join(',')
}

const hash = (value: unknown) => createHash('sha256').update(canonical(value)).digest('hex').slice(0, 8)

/** JSON with sorted keys. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, item) =>
    isFields(item) ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))) : item,
  )

/** Unreadable settings whose hash is another one than when it was applied. */
export function changedHashes(wanted: Wanted, labels: Labels): string[] {
  const before = labels[HASH_LABEL]
  if (wanted.kind !== 'instance' || (before === undefined && labels[PLAN_LABEL] === undefined)) return []
  const parse = (text: string) => new Map(text.split(',').map((part) => [part.split(':')[0] ?? '', part]))
  const [old, now] = [parse(before ?? ''), parse(hashesOf(wanted))]
  return UNREADABLE.filter((field) => old.get(field) !== now.get(field))
}

/** Whether the driver can change the field in place. Services change by a rolling deploy. */
export const isMutable = (kind: Wanted['kind'], field: string, traits: PlannerTraits): boolean =>
  kind === 'service' || traits.instance?.mutable.includes(field) === true

/** The field of the spec that holds the labels. */
export const LABEL_FIELDS = {service: 'labels', instance: 'metadata'} as const
