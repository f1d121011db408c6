/*
 * Fields of objects that some version of OME has written. What is not there, or has another type than we know, is absent: a newer
 * or older schema is never an error.
 */

export type Fields = Readonly<Record<string, unknown>>

const NONE: Fields = {}

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The object at a path; empty when there is none. */
export function fieldsAt(value: unknown, ...path: readonly string[]): Fields {
  let at: unknown = value
  for (const key of path) at = isFields(at) ? at[key] : undefined
  return isFields(at) ? at : NONE
}

export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const last = path.at(-1)
  const found = last === undefined ? value : fieldsAt(value, ...path.slice(0, -1))[last]
  return Array.isArray(found) ? found : []
}

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** A text that says something. */
export const wordOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

/** Numbers, and texts of digits. */
export function countOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : undefined
}

export const textsAt = (value: unknown, ...path: readonly string[]): readonly string[] =>
  listAt(value, ...path).filter((item) => typeof item === 'string')

/** Pairs of texts; others are left out. */
export const textMapOf = (value: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(fieldsAt(value)).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  )
