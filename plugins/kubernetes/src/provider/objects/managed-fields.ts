import type {ApiObject} from '@omni-cli/sdk'
import {isMap, isSame, type Json, listAt, textAt} from './values.ts'

/** Name under which this program owns fields. */
export const MANAGER = 'omni'

/** One entry of `metadata.managedFields`. */
export interface Manager {
  readonly name: string
  readonly operation: string
  readonly apiVersion: string | undefined
  readonly time: string | undefined
  /** `f:spec: {f:replicas: {}}`; lists of things with keys have `k:{"name":"web"}`, sets `v:"x"`. */
  readonly fields: Json
}

export const managersOf = (object: ApiObject): Manager[] =>
  listAt(object.metadata, 'managedFields').flatMap((entry) =>
    isMap(entry) && isMap(entry.fieldsV1) && entry.subresource === undefined
      ? [
          {
            name: textAt(entry, 'manager') ?? '',
            operation: textAt(entry, 'operation') ?? '',
            apiVersion: textAt(entry, 'apiVersion'),
            time: textAt(entry, 'time'),
            fields: entry.fieldsV1,
          },
        ]
      : [],
  )

/** The fields that an earlier apply of ours owns. */
export const ownFields = (object: ApiObject): Json | undefined =>
  managersOf(object).find(({name, operation}) => name === MANAGER && operation === 'Apply')?.fields

/**
 * Whether applying the object is certain to change nothing: an earlier apply of ours owns exactly the fields that are written, and
 * each of them has exactly the written value. Then server-side apply has nothing to set, to take over or to take away. False where it
 * is not certain, e.g. when the server writes a value in another form.
 *
 * @param written what would be sent
 */
export function isCertainlySame(written: ApiObject, live: ApiObject): boolean {
  const entries = managersOf(live).filter(({name, operation}) => name === MANAGER && operation === 'Apply')
  const [entry, ...others] = entries
  if (entry === undefined || others.length > 0 || entry.apiVersion !== written.apiVersion) return false
  if (live.metadata.deletionTimestamp !== undefined) return false
  const {apiVersion: _, kind: __, metadata, ...rest} = written
  const {name: ___, namespace: ____, ...meta} = metadata
  const own = Object.keys(meta).length === 0 ? rest : {...rest, metadata: meta}
  return isOwned(own, live, entry.fields)
}

/** The owned fields are exactly those of the written value, and the values are equal. */
function isOwned(written: unknown, live: unknown, fields: Json): boolean {
  const keys = Object.keys(fields).filter((key) => key !== '.')
  // A field that is owned as a whole: a scalar, an empty map, an atomic list.
  if (keys.length === 0) return written !== null && isSame(written, live)
  if (isMap(written)) {
    if (!isMap(live)) return false
    const names = Object.keys(written)
    return (
      names.length === keys.length &&
      names.every((name) => {
        const inner = fields[`f:${name}`]
        return isMap(inner) && isOwned(written[name], live[name], inner)
      })
    )
  }
  if (!Array.isArray(written) || !Array.isArray(live) || written.length !== keys.length) return false
  return keys.every((key) => isItemOwned(key, {written, live, fields: fields[key]}))
}

interface Lists {
  readonly written: readonly unknown[]
  readonly live: readonly unknown[]
  readonly fields: unknown
}

function isItemOwned(key: string, {written, live, fields}: Lists): boolean {
  const matches = matcherOf(key)
  if (matches === undefined || !isMap(fields)) return false
  const [mine, ...rest] = written.filter(matches)
  const theirs = live.find(matches)
  return mine !== undefined && theirs !== undefined && rest.length === 0 && isOwned(mine, theirs, fields)
}

/** Which item of a list a key like `k:{"name":"web"}` or `v:"x"` means. */
function matcherOf(key: string): ((item: unknown) => boolean) | undefined {
  try {
    const wanted: unknown = JSON.parse(key.slice(2))
    if (key.startsWith('v:')) return (item) => isSame(item, wanted)
    if (!key.startsWith('k:') || !isMap(wanted)) return undefined
    return (item) => isMap(item) && Object.entries(wanted).every(([name, value]) => isSame(item[name], value))
  } catch {
    return undefined
  }
}

/** Who has set the field at the path last, and when. */
export function lastManager(
  live: ApiObject,
  path: readonly (string | number)[],
): Pick<Manager, 'name' | 'time'> | undefined {
  const owners = managersOf(live).filter(({fields}) => owns(fields, live, path))
  return owners.toSorted((a, b) => (a.time ?? '').localeCompare(b.time ?? '')).at(-1)
}

function owns(fields: Json, value: unknown, [part, ...rest]: readonly (string | number)[]): boolean {
  const keys = Object.keys(fields).filter((key) => key !== '.')
  if (part === undefined || keys.length === 0) return true
  if (typeof part === 'string') {
    const inner = fields[`f:${part}`]
    return isMap(inner) && owns(inner, isMap(value) ? value[part] : undefined, rest)
  }
  const item = Array.isArray(value) ? value[part] : undefined
  return keys.some((key) => {
    const inner = fields[key]
    return matcherOf(key)?.(item) === true && isMap(inner) && owns(inner, item, rest)
  })
}
