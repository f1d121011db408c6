import {createHash} from 'node:crypto'
import type {InstanceSpec} from '../specs/instance.ts'
import {HASH_LABEL, PLAN_LABEL, type Wanted} from './operation.ts'

type Labels = Readonly<Record<string, string>>

/** The field of the spec that holds the labels. */
export const LABEL_FIELDS = {service: 'labels', instance: 'metadata', network: 'metadata', profile: 'metadata'} as const

const isOwnLabel = (key: string) => key === PLAN_LABEL || key === HASH_LABEL

export const withoutOwn = (labels: Labels): Labels =>
  Object.fromEntries(Object.entries(labels).filter(([key]) => !isOwnLabel(key)))

/** What is sent, with the labels that say whose it is and what of it the plan has said. */
export function withOwner(sent: Wanted, wanted: Wanted): Wanted {
  const {kind, spec, plan} = sent
  if (kind === 'service') return {...sent, spec: {...spec, labels: {...withoutOwn(spec.labels), [PLAN_LABEL]: plan}}}
  const hashes = hashText(appliedHashes(wanted))
  const applied = hashes === '' ? {} : {[HASH_LABEL]: hashes}
  const metadata = {...withoutOwn(spec.metadata ?? {}), [PLAN_LABEL]: plan, ...applied}
  // Each kind keeps its own spec.
  return {...sent, spec: {...spec, metadata}} as Wanted
}

/** Fields of a machine that not every driver reads back; those of a map each by its key. */
const HASHED = [
  'cloud_init',
  'network',
  'profiles',
  'ports',
  'mounts',
  'autostart',
  'protect',
] as const satisfies readonly (keyof InstanceSpec)[]
/** Read back by all drivers; noted so that it is seen when the plan does not say them any more. */
const COUNTED = ['cpus', 'memory'] as const satisfies readonly (keyof InstanceSpec)[]
/** They have defaults: noted when the plan says them. */
const DEFAULTED = ['type', 'image'] as const satisfies readonly (keyof InstanceSpec)[]
const HASHED_MAPS = ['metadata', 'config', 'devices'] as const satisfies readonly (keyof InstanceSpec)[]

/** Dotted path → hash of what the plan says there. */
export function appliedHashes(wanted: Wanted): ReadonlyMap<string, string> {
  if (wanted.kind === 'network') return mapHashes('config', wanted.spec.config)
  if (wanted.kind !== 'instance') return new Map()
  const {spec, written} = wanted
  const said = DEFAULTED.filter((field) => Object.hasOwn(written, field))
  const fields = [...COUNTED, ...HASHED, ...said].flatMap((field) =>
    spec[field] === undefined ? [] : [[field, hash(spec[field])] as const],
  )
  return new Map([...fields, ...HASHED_MAPS.flatMap((field) => [...mapHashes(field, spec[field])])])
}

const mapHashes = (field: string, map: Readonly<Record<string, unknown>> = {}): ReadonlyMap<string, string> =>
  new Map(Object.entries(map).map(([key, value]) => [`${field}.${key}`, hash(value)]))

/** What a field goes back to when the plan does not say it any more. */
export const defaultOf = ({kind, spec}: Wanted, path: string): unknown => {
  const field = DEFAULTED.find((name) => name === path)
  return kind === 'instance' && field !== undefined ? spec[field] : undefined
}

export const isCounted = (field: string): boolean => COUNTED.some((name) => name === field)

/** `cloud_init:1a2b3c4d,config.limits.processes:…` */
const hashText = (hashes: ReadonlyMap<string, string>): string =>
  [...hashes].map(([path, value]) => `${encodeURIComponent(path)}:${value}`).join(',')

/** What the last apply has said, from the labels; undefined when no apply has written there. */
export function readHashes(labels: Labels): ReadonlyMap<string, string> | undefined {
  const text = labels[HASH_LABEL]
  if (text === undefined) return labels[PLAN_LABEL] === undefined ? undefined : new Map()
  return new Map(
    text.split(',').map((part) => {
      const [path = '', value = ''] = part.split(':')
      return [decoded(path), value]
    }),
  )
}

/** Labels may have been changed by hand. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const hash = (value: unknown) => createHash('sha256').update(canonical(value)).digest('hex').slice(0, 8)

/** JSON with sorted keys. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  )
