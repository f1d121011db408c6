import {isMap, type Json, type JsonMap} from './objects.ts'
import {into, intoItem, isAtomicMap, itemKey, listOf, type Shape} from './shape.ts'

/** Fields as JSON texts of their paths, whose parts are written as in `fieldsV1`: `["f:spec","f:replicas"]`. */
export type FieldSet = Set<string>

export const pathOf = (text: string): string[] => JSON.parse(text)

/** What somebody who wrote this value owns of it. */
export function fieldsOf(value: Json | undefined, shape: Shape, path: readonly string[] = []): FieldSet {
  const own = (): FieldSet => new Set([JSON.stringify(path)])
  if (Array.isArray(value)) return fieldsOfList(value, shape, path)
  if (!isMap(value) || isAtomicMap(shape)) return own()
  const parts = Object.entries(value).filter(([, part]) => part !== undefined)
  if (parts.length === 0 && path.length > 0) return own()
  return union(parts.map(([field, part]) => fieldsOf(part, into(shape, field), [...path, `f:${field}`])))
}

function fieldsOfList(list: readonly Json[], shape: Shape, path: readonly string[]): FieldSet {
  const keys = listOf(shape, list)
  if (keys === 'atomic') return new Set([JSON.stringify(path)])
  if (keys === 'set') return new Set(list.map((item) => JSON.stringify([...path, `v:${JSON.stringify(item)}`])))
  const items = list.map((item) => {
    const at = [...path, `k:${itemKey(item, keys)}`]
    return union([new Set([JSON.stringify([...at, '.'])]), fieldsOf(item, intoItem(shape), at)])
  })
  return union(items)
}

export const union = (sets: readonly FieldSet[]): FieldSet => new Set(sets.flatMap((set) => [...set]))

export function toTree(fields: FieldSet): JsonMap {
  const tree: JsonMap = {}
  for (const text of fields) {
    let at = tree
    for (const part of pathOf(text)) {
      const next = at[part]
      const inside: JsonMap = isMap(next) ? next : {}
      at[part] = inside
      at = inside
    }
  }
  return tree
}

export function fromTree(tree: JsonMap, path: readonly string[] = []): FieldSet {
  const parts = Object.entries(tree)
  if (parts.length === 0) return path.length === 0 ? new Set() : new Set([JSON.stringify(path)])
  return union(parts.map(([part, inside]) => fromTree(isMap(inside) ? inside : {}, [...path, part])))
}

/** What is at a path; undefined when nothing is. */
export function lookUp(value: Json | undefined, path: readonly string[]): Json | undefined {
  let found = value
  for (const part of path) {
    if (part === '.') return found === undefined ? undefined : true
    found = step(found, part)
  }
  return found
}

function step(value: Json | undefined, part: string): Json | undefined {
  const name = part.slice(2)
  if (part.startsWith('f:')) return isMap(value) ? value[name] : undefined
  if (!Array.isArray(value)) return undefined
  if (part.startsWith('v:')) return value.find((item) => JSON.stringify(item) === name)
  return value.find((item) => itemKey(item, Object.keys(JSON.parse(name))) === name)
}

/** Takes what is at a path out of a value, in place. */
export function takeOut(value: JsonMap, path: readonly string[]): void {
  const target = path.at(-1) === '.' ? path.slice(0, -1) : path
  const last = target.at(-1) ?? ''
  const parent = lookUp(value, target.slice(0, -1))
  if (isMap(parent)) delete parent[last.slice(2)]
  if (!Array.isArray(parent)) return
  const found = step(parent, last)
  const index = found === undefined ? -1 : parent.indexOf(found)
  if (index >= 0) parent.splice(index, 1)
}

/** `.spec.containers[name="web"].image` */
export function shown(path: readonly string[]): string {
  return path
    .map((part) => {
      if (part === '.') return ''
      if (part.startsWith('f:')) return `.${part.slice(2)}`
      if (part.startsWith('v:')) return `[=${part.slice(2)}]`
      const keys = Object.entries(JSON.parse(part.slice(2)))
      return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`
    })
    .join('')
}
