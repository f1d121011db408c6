/** A JSON object of unknown shape. */
export type JsonObject = Readonly<Record<string, unknown>>

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Reads what Python writes as JSON: `Infinity` becomes 1e308, `-Infinity` -1e308, `NaN` null, as the operator does it.
 * Undefined when it is no JSON object.
 */
export function parseLenient(text: string): JsonObject | undefined {
  const cleaned = text
    .replace(/([:,[]\s*)-Infinity(?=\s*[,\]}])/g, '$1-1e308')
    .replace(/([:,[]\s*)Infinity(?=\s*[,\]}])/g, '$11e308')
    .replace(/([:,[]\s*)NaN(?=\s*[,\]}])/g, '$1null')
  try {
    const value: unknown = JSON.parse(cleaned)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** A whole number under that key, else 0. */
export function intOf(object: JsonObject, key: string): number {
  const value = object[key]
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : 0
}

/** A text under that key, else ''. */
export function textOf(object: JsonObject, key: string): string {
  const value = object[key]
  return typeof value === 'string' ? value : ''
}

/** An object under that key, else an empty one. */
export function objectOf(object: JsonObject, key: string): JsonObject {
  const value = object[key]
  return isObject(value) ? value : {}
}
