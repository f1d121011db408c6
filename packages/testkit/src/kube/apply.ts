import {type FieldSet, fieldsOf, fromTree, lookUp, pathOf, shown, takeOut, toTree, union} from './fields.ts'
import {isMap, isSame, type Json, type JsonMap, type KubeObject, type ManagedFields} from './objects.ts'
import {into, intoItem, isAtomicMap, itemKey, listOf, type Shape} from './shape.ts'
import {type Cause, KubeError, type StatusSubject} from './status.ts'

export interface ApplyOptions {
  readonly manager: string
  readonly force: boolean
  readonly shape: Shape
  readonly subject: StatusSubject
}

/** What server-side apply makes of an object that is there; 409 with a cause for each field that others own. */
export function applied(live: KubeObject, wanted: KubeObject, options: ApplyOptions): KubeObject {
  const {manager, shape} = options
  const entries = live.metadata.managedFields ?? []
  const isMine = (entry: ManagedFields) => entry.manager === manager && entry.operation === 'Apply'
  const set = fieldsOf(owned(wanted), shape)
  const others = entries.filter((entry) => !isMine(entry)).map((entry) => ({entry, fields: fromTree(entry.fieldsV1)}))
  const taken = others.map(({entry, fields}) => ({entry, fields, conflicts: conflictsOf(live, wanted, set, fields)}))
  if (!options.force) refuseConflicts(taken, options.subject)
  const before = union(entries.filter(isMine).map((entry) => fromTree(entry.fieldsV1)))
  const merged = merge(live, wanted, shape) as KubeObject
  const left = union(taken.map(({fields, conflicts}) => fields.difference(conflicts)))
  dropForgotten(merged, before.difference(set), union([left, set]))
  const kept = taken.flatMap(({entry, fields, conflicts}) => entryOf(entry, fields.difference(conflicts)))
  const mine = entries.find(isMine)
  const ours = {
    manager,
    operation: 'Apply',
    apiVersion: wanted.apiVersion,
    time: now(),
    fieldsType: 'FieldsV1',
  } as const
  const isAsBefore = mine !== undefined && set.symmetricDifference(before).size === 0
  merged.metadata.managedFields = [...(isAsBefore ? [mine] : entryOf({...ours, fieldsV1: {}}, set)), ...kept]
  return merged
}

/** The managers after a change that was not an apply: the one who wrote owns what is another now. */
export function afterUpdate(before: KubeObject | undefined, after: KubeObject, manager: string, shape: Shape): void {
  const had = before === undefined ? new Set<string>() : fieldsOf(owned(before), shape)
  const has = fieldsOf(owned(after), shape)
  const changed = new Set([...has].filter((text) => !had.has(text) || isChanged(before, after, pathOf(text))))
  const entries = before?.metadata.managedFields ?? []
  const isMine = (entry: ManagedFields) => entry.manager === manager && entry.operation === 'Update'
  const mine = union([changed, ...entries.filter(isMine).map(({fieldsV1}) => fromTree(fieldsV1).intersection(has))])
  const others = entries
    .filter((entry) => !isMine(entry))
    .flatMap((entry) => entryOf(entry, fromTree(entry.fieldsV1).intersection(has).difference(changed)))
  const found = entries.find(isMine)
  const fresh = {manager, operation: 'Update', apiVersion: after.apiVersion, fieldsType: 'FieldsV1'} as const
  const time = found !== undefined && changed.size === 0 ? found.time : now()
  after.metadata.managedFields = [...others, ...entryOf({...fresh, time, fieldsV1: {}}, mine)]
}

const isChanged = (before: KubeObject | undefined, after: KubeObject, path: readonly string[]): boolean =>
  !isSame(lookUp(before as JsonMap | undefined, path), lookUp(after as JsonMap, path))

/** What of an object can be owned. */
function owned({apiVersion: _, kind: __, metadata, ...rest}: KubeObject): JsonMap {
  const {labels, annotations, finalizers, ownerReferences} = metadata
  const about = Object.entries({labels, annotations, finalizers, ownerReferences})
  const kept = Object.fromEntries(about.filter(([, value]) => value !== undefined && Object.keys(value).length > 0))
  return {...(rest as JsonMap), ...(Object.keys(kept).length === 0 ? {} : {metadata: kept as JsonMap})}
}

const now = () => `${new Date().toISOString().slice(0, 19)}Z`

const entryOf = (entry: ManagedFields, fields: FieldSet): ManagedFields[] =>
  fields.size === 0 ? [] : [{...entry, fieldsV1: toTree(fields)}]

function conflictsOf(live: KubeObject, wanted: KubeObject, set: FieldSet, theirs: FieldSet): FieldSet {
  const both = [...set].filter((text) => theirs.has(text) && !text.endsWith('"."]'))
  return new Set(both.filter((text) => isChanged(live, wanted, pathOf(text))))
}

interface Taken {
  readonly entry: ManagedFields
  readonly conflicts: FieldSet
}

function refuseConflicts(taken: readonly Taken[], subject: StatusSubject): void {
  const causes: Cause[] = []
  const said: string[] = []
  for (const {entry, conflicts} of taken) {
    if (conflicts.size === 0) continue
    const {manager, operation, apiVersion, time} = entry
    const who = operation === 'Apply' ? `"${manager}"` : `"${manager}" using ${apiVersion} at ${time}`
    const fields = [...conflicts].map((text) => shown(pathOf(text))).sort()
    for (const field of fields) causes.push({reason: 'FieldManagerConflict', message: `conflict with ${who}`, field})
    said.push(
      fields.length === 1
        ? `conflict with ${who}: ${fields[0]}`
        : `conflicts with ${who}:\n${fields.map((field) => `- ${field}`).join('\n')}`,
    )
  }
  if (causes.length === 0) return
  const many = `Apply failed with ${causes.length} conflict${causes.length === 1 ? '' : 's'}: ${said.join('\n')}`
  // The real one says nothing about the object either, only about its fields.
  throw new KubeError(409, 'Conflict', many, {causes, ...(subject.kind === undefined ? {} : {})})
}

function dropForgotten(merged: KubeObject, forgotten: FieldSet, stillOwned: FieldSet): void {
  const wanted = [...stillOwned]
  for (const text of forgotten) {
    if (stillOwned.has(text)) continue
    const path = pathOf(text)
    const prefix = `${JSON.stringify(path.at(-1) === '.' ? path.slice(0, -1) : path).slice(0, -1)},`
    if (!wanted.some((other) => other.startsWith(prefix))) takeOut(merged as JsonMap, path)
  }
}

/** What is wanted laid over what there is. */
export function merge(
  live: Json | KubeObject | undefined,
  wanted: Json | KubeObject | undefined,
  shape: Shape,
): unknown {
  if (Array.isArray(live) && Array.isArray(wanted)) return mergeLists(live, wanted, shape)
  if (!isMap(live) || !isMap(wanted) || isAtomicMap(shape)) return structuredClone(wanted)
  const merged: Record<string, unknown> = structuredClone(live)
  for (const [field, part] of Object.entries(wanted)) {
    if (part !== undefined) merged[field] = merge(live[field], part, into(shape, field))
  }
  return merged
}

function mergeLists(live: readonly Json[], wanted: readonly Json[], shape: Shape): unknown[] {
  const keys = listOf(shape, wanted.length > 0 ? wanted : live)
  if (keys === 'atomic') return structuredClone([...wanted])
  const idOf = (item: Json) => (keys === 'set' ? JSON.stringify(item) : itemKey(item, keys))
  const found = new Map(live.map((item) => [idOf(item), item]))
  const first = wanted.map((item) => merge(found.get(idOf(item)), item, intoItem(shape)))
  const ids = new Set(wanted.map(idOf))
  return [...first, ...structuredClone(live.filter((item) => !ids.has(idOf(item))))]
}
