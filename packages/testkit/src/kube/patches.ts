import {isMap, isSame, type Json, type JsonMap} from './objects.ts'
import {into, intoItem, itemKey, listOf, type Shape} from './shape.ts'
import {badRequest, KubeError} from './status.ts'

/** RFC 7386. */
export function mergePatch(value: Json | undefined, patch: Json): Json {
  if (!isMap(patch)) return patch
  const merged: JsonMap = isMap(value) ? {...value} : {}
  for (const [field, part] of Object.entries(patch)) {
    if (part === null) delete merged[field]
    else if (part !== undefined) merged[field] = mergePatch(merged[field], part)
  }
  return merged
}

/** Kubernetes' own: lists of things with a key are merged by it, `$patch: delete` takes one out. */
export function strategicPatch(value: Json | undefined, patch: Json, shape: Shape): Json {
  if (Array.isArray(patch)) return Array.isArray(value) ? strategicList(value, patch, shape) : patch
  if (!isMap(patch)) return patch
  const {$patch, ...fields} = patch
  if ($patch === 'replace') return fields
  const merged: JsonMap = isMap(value) ? {...value} : {}
  for (const [field, part] of Object.entries(fields)) {
    if (part === null) delete merged[field]
    else if (part !== undefined && !field.startsWith('$'))
      merged[field] = strategicPatch(merged[field], part, into(shape, field))
  }
  return merged
}

function strategicList(list: Json[], patch: Json[], shape: Shape): Json[] {
  const keys = listOf(shape, list)
  if (keys === 'atomic') return patch
  if (keys === 'set') return [...list, ...patch.filter((item) => !list.some((other) => isSame(other, item)))]
  const [key = 'name'] = keys
  const merged = [...list]
  for (const item of patch) {
    const index = merged.findIndex((other) => itemKey(other, [key]) === itemKey(item, [key]))
    if (isMap(item) && item.$patch === 'delete') merged.splice(index, index < 0 ? 0 : 1)
    else if (index < 0) merged.push(item)
    else merged[index] = strategicPatch(merged[index], item, intoItem(shape))
  }
  return merged
}

interface JsonOperation {
  readonly op: string
  readonly path: string
  readonly from?: string
  readonly value?: Json
}

/** RFC 6902, without `move` and `copy`. */
export function jsonPatch(value: JsonMap, operations: Json): JsonMap {
  if (!Array.isArray(operations))
    throw badRequest('json: cannot unmarshal object into Go value of type jsonpatch.Patch')
  const patched = structuredClone(value)
  for (const operation of operations) applyOperation(patched, operation as unknown as JsonOperation)
  return patched
}

function applyOperation(root: JsonMap, {op, path, value = null}: JsonOperation): void {
  const parts = path
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  const last = parts.pop() ?? ''
  let parent: Json | undefined = root
  for (const part of parts) parent = childOf(parent, part)
  const there = childOf(parent, last)
  const fails = () => new KubeError(422, 'Invalid', `the server rejected our request due to an error in our request`)
  if (parent === undefined || parent === null || (op !== 'add' && there === undefined)) throw fails()
  if (op === 'test') {
    if (!isSame(there, value)) throw fails()
  } else if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : Number(last)
    if (op === 'add') parent.splice(index, 0, value)
    else if (op === 'remove') parent.splice(index, 1)
    else parent[index] = value
  } else if (isMap(parent)) {
    if (op === 'remove') delete parent[last]
    else parent[last] = value
  }
}

const childOf = (value: Json | undefined, part: string): Json | undefined =>
  Array.isArray(value) ? value[Number(part)] : isMap(value) ? value[part] : undefined
