/*
 * Reads fields of objects of the API, whose shape depends on versions of the cluster and of OME. What is not there, or has another
 * type than we know, is absent: a newer or older schema is never an error.
 */

export type Fields = Readonly<Record<string, unknown>>

type Path = readonly (string | number)[]

const NONE: Fields = {}

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What lies at the path; undefined when there is nothing. */
export function at(value: unknown, ...path: Path): unknown {
  let found = value
  for (const key of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined
    found = Reflect.get(found, key)
  }
  return found
}

/** The object at the path; empty when there is none. */
export function fieldsAt(value: unknown, ...path: Path): Fields {
  const found = at(value, ...path)
  return isFields(found) ? found : NONE
}

export function listAt(value: unknown, ...path: Path): readonly unknown[] {
  const found = at(value, ...path)
  return Array.isArray(found) ? found : []
}

/** A text that is not empty. */
export const textAt = (value: unknown, ...path: Path): string | undefined => wordOf(at(value, ...path))

export function numberAt(value: unknown, ...path: Path): number | undefined {
  const found = at(value, ...path)
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined
}

/** The texts of a list; others are left out. */
export const textsAt = (value: unknown, ...path: Path): readonly string[] =>
  listAt(value, ...path).filter((item) => typeof item === 'string')

/** Pairs of texts, as labels and annotations are; others are left out. */
export const textMapAt = (value: unknown, ...path: Path): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(fieldsAt(value, ...path)).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  )

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** A text that says something. */
export const wordOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

/** Numbers, and texts of digits. */
export function countOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : undefined
}
