/** Reads fields of objects of the API, whose shape depends on versions of the cluster: what is not as expected is absent. */

type Path = readonly (string | number)[]

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
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

/** A text that is not empty. */
export function textAt(value: unknown, ...path: Path): string | undefined {
  const found = at(value, ...path)
  return typeof found === 'string' && found !== '' ? found : undefined
}

export function numberAt(value: unknown, ...path: Path): number | undefined {
  const found = at(value, ...path)
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined
}

export function recordAt(value: unknown, ...path: Path): Readonly<Record<string, unknown>> {
  const found = at(value, ...path)
  return isRecord(found) ? found : {}
}

export function listAt(value: unknown, ...path: Path): readonly unknown[] {
  const found = at(value, ...path)
  return Array.isArray(found) ? found : []
}

/** Pairs of texts: labels, annotations. */
export const textsAt = (value: unknown, ...path: Path): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(recordAt(value, ...path)).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  )
