export type Json = Readonly<Record<string, unknown>>

export const isMap = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The value at the path; undefined where it leads nowhere. */
export function valueAt(value: unknown, ...path: readonly (string | number)[]): unknown {
  let node = value
  for (const part of path) {
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, part)) return undefined
    node = Reflect.get(node, part)
  }
  return node
}

export const mapAt = (value: unknown, ...path: readonly (string | number)[]): Json => {
  const found = valueAt(value, ...path)
  return isMap(found) ? found : {}
}

export const listAt = (value: unknown, ...path: readonly (string | number)[]): readonly unknown[] => {
  const found = valueAt(value, ...path)
  return Array.isArray(found) ? found : []
}

export const textAt = (value: unknown, ...path: readonly (string | number)[]): string | undefined => {
  const found = valueAt(value, ...path)
  return typeof found === 'string' ? found : undefined
}

/** The same JSON, in whatever order keys are. */
export function isSame(left: unknown, right: unknown): boolean {
  if (left === right) return true
  if (Array.isArray(left)) {
    return Array.isArray(right) && left.length === right.length && left.every((item, at) => isSame(item, right[at]))
  }
  if (!isMap(left) || !isMap(right)) return false
  const keys = Object.keys(left)
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && isSame(left[key], right[key]))
  )
}

/** `apps` of `apps/v1`; empty for the core group. */
export const groupOf = (apiVersion: string): string =>
  apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
