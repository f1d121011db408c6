import {isFields} from '../../../fields.ts'

/** The JSON merge patch (RFC 7386) that makes `to` of `from`; undefined when nothing differs. Lists are replaced as a whole. */
export function mergePatch(from: unknown, to: unknown): unknown {
  if (!isFields(from) || !isFields(to)) return isSame(from, to) ? undefined : to
  const keys = new Set([...Object.keys(from), ...Object.keys(to)])
  const pairs = [...keys].flatMap((key): [string, unknown][] => {
    if (to[key] === undefined) return from[key] === undefined ? [] : [[key, null]]
    const part = mergePatch(from[key], to[key])
    return part === undefined ? [] : [[key, part]]
  })
  return pairs.length === 0 ? undefined : Object.fromEntries(pairs)
}

/** `spec.engine.minReplicas: 1 → 3`, a line a field. */
export function changedFields(from: unknown, to: unknown, path = ''): string[] {
  if (isFields(from) || isFields(to)) {
    const [a, b] = [isFields(from) ? from : {}, isFields(to) ? to : {}]
    const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])]
    return keys.flatMap((key) => changedFields(a[key], b[key], path === '' ? key : `${path}.${key}`))
  }
  return isSame(from, to) ? [] : [`${path}: ${shown(from)} → ${shown(to)}`]
}

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

const shown = (value: unknown): string =>
  value === undefined || value === null ? 'none' : typeof value === 'string' ? value : JSON.stringify(value)
