import {redact} from '../io/redact.ts'
import {diffSpecs} from './diff.ts'
import {type ObservedThing, SHARED} from './kinds.ts'
import type {Change, Wanted} from './operation.ts'
import {appliedHashes, defaultOf, isCounted, readHashes} from './owner.ts'

type Fields = Readonly<Record<string, unknown>>

export interface ChangeContext {
  /** The last change came from this plan. */
  readonly isOwned: boolean
  /** Fields of machines that the driver always tells. */
  readonly readable?: readonly string[] | undefined
}

/** What differs between a wanted thing and what is there; the owner labels left out. */
export function changesOf(wanted: Wanted, thing: ObservedThing, {isOwned, readable = []}: ChangeContext): Change[] {
  if (wanted.kind === 'instance') return machineChanges(wanted, thing, (field) => readable.includes(field))
  const changes = diffSpecs({
    spec: wanted.spec,
    written: wanted.written,
    observed: wanted.kind === 'network' ? comparableNetwork(wanted, thing.fields) : thing.fields,
    isOwned,
    shared: SHARED[wanted.kind],
  })
  return wanted.kind === 'network' ? [...changes, ...appliedChanges(wanted, thing)] : changes
}

type WantedNetwork = Extract<Wanted, {kind: 'network'}>

/** "auto" is any address; the backend keeps settings of its own beside those that were asked for. */
function comparableNetwork({spec, written}: WantedNetwork, fields: Fields): Fields {
  const asked = isFields(written.config) ? Object.keys(written.config) : []
  const config = isFields(fields.config) ? fields.config : {}
  const auto = (field: 'ipv4' | 'ipv6') =>
    spec[field] === 'auto' && fields[field] !== 'none' && fields[field] !== undefined ? 'auto' : fields[field]
  const kept = Object.fromEntries(Object.entries(config).filter(([key]) => asked.includes(key)))
  return {...fields, ipv4: auto('ipv4'), ipv6: auto('ipv6'), config: written.config === undefined ? undefined : kept}
}

/** A machine reports what it has, also what nobody declared: only what is written counts, and what was written before. */
function machineChanges(
  wanted: Extract<Wanted, {kind: 'instance'}>,
  thing: ObservedThing,
  isTold: (field: string) => boolean,
): Change[] {
  const applied = appliedChanges(wanted, thing, isTold)
  const written = {...wanted.written}
  // Used when it is made, or by us alone.
  for (const field of ['location', 'wait', 'failover', 'depends_on', 'name']) delete written[field]
  const direct = diffSpecs({
    spec: wanted.spec,
    written,
    observed: withEmptyMaps(thing.fields, isTold),
    isOwned: false,
    shared: [],
    isTold,
  })
  const before = readHashes(thing.labels)
  const now = appliedHashes(wanted)
  const isKnownPart = ({path, from}: Change) => {
    // A part that the driver does not read back; the hash says whether it is as it was applied.
    const isHiddenPart = from === undefined && path.startsWith('network.') && !isTold('network')
    return !isHiddenPart || (before !== undefined && before.get('network') !== now.get('network'))
  }
  const real = direct.filter((change) => isKnownPart(change) && !isSameText(change))
  return [...real.map(withoutText), ...applied.filter(({path}) => !real.some((change) => change.path === path))]
}

/** What is not there of a map is told key by key. */
const withEmptyMaps = (fields: Fields, isTold: (field: string) => boolean): Fields => ({
  ...fields,
  ...Object.fromEntries(
    ['config', 'devices'].filter((field) => fields[field] === undefined && isTold(field)).map((field) => [field, {}]),
  ),
})

/** Line ends at the end do not matter to cloud-init. */
const isSameText = ({path, from, to}: Change): boolean =>
  path === 'cloud_init' && typeof from === 'string' && typeof to === 'string' && from.trimEnd() === to.trimEnd()

const HIDDEN = {from: '(as applied)', to: '(changed)'}

/** User data may hold secrets. */
const withoutText = (change: Change): Change => (change.path === 'cloud_init' ? {...change, ...HIDDEN} : change)

/** What an apply has set, and the plan says otherwise now: as far as reading back cannot tell. */
function appliedChanges(
  wanted: Wanted,
  {labels, fields}: ObservedThing,
  isTold: (field: string) => boolean = () => true,
): Change[] {
  const before = readHashes(labels)
  if (before === undefined) return []
  const now = appliedHashes(wanted)
  return [...new Set([...before.keys(), ...now.keys()])].flatMap((path): Change[] => {
    if (before.get(path) === now.get(path)) return []
    const dot = path.indexOf('.')
    const [field, key] = dot === -1 ? [path, undefined] : [path.slice(0, dot), path.slice(dot + 1)]
    const readable = Object.hasOwn(fields, field) ? fields[field] : undefined
    const to = defaultOf(wanted, path)
    // What is said of a field with a default is compared with what is there, where it is told.
    if (to !== undefined && now.has(path)) return []
    if (readable === undefined && !isTold(field) && !isCounted(field)) return [{path, ...HIDDEN}]
    // What is wanted was compared with what is there.
    if (now.has(path)) return []
    const left =
      key === undefined ? readable : isFields(readable) && Object.hasOwn(readable, key) ? readable[key] : undefined
    if (isNothing(left) || left === to) return []
    return [withoutText({path, from: redact(left), ...(to === undefined ? {} : {to})})]
  })
}

const isNothing = (value: unknown): boolean =>
  value === undefined || value === false || (Array.isArray(value) && value.length === 0)

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
