import type {ApiObject, ObjectConflict, OmniError} from '@omni-cli/sdk'
import {isMap, isSame, listAt, textAt} from './values.ts'

/** The fields that a refused apply is about, from the details of the client's error. */
export function conflictsIn({details}: OmniError, object: ApiObject): ObjectConflict[] {
  const found = listAt(details, 'conflicts').flatMap((conflict) => {
    const manager = textAt(conflict, 'manager')
    const field = textAt(conflict, 'field')
    return manager === undefined || field === undefined ? [] : [{manager, path: pathOf(field, object)}]
  })
  // Servers of 1.20 name one item of a list several times, instead of each that is meant.
  return [...new Map(found.map((conflict) => [JSON.stringify(conflict), conflict])).values()]
}

/** `.spec.containers[name="web"].image` → where that is in the object, as far as it can be told. */
function pathOf(field: string, object: ApiObject): (string | number)[] {
  const path: (string | number)[] = []
  let node: unknown = object
  let rest = field
  while (rest !== '') {
    const key = keyAt(rest, node)
    const item = /^\[([^\]]*)\]/.exec(rest)
    if (key !== undefined) {
      path.push(key)
      node = isMap(node) ? node[key] : undefined
      rest = rest.slice(key.length + 1)
    } else if (item !== null && Array.isArray(node)) {
      const index = node.findIndex(matcherOf(item[1] ?? ''))
      if (index === -1) return path
      path.push(index)
      node = node[index]
      rest = rest.slice(item[0].length)
    } else return path
  }
  return path
}

/** Keys may hold dots, so the longest one that the object has is taken. */
function keyAt(rest: string, node: unknown): string | undefined {
  if (!rest.startsWith('.')) return undefined
  const text = rest.slice(1)
  const known = isMap(node)
    ? Object.keys(node).filter((key) => text === key || (/^[.[]/.test(text.slice(key.length)) && text.startsWith(key)))
    : []
  return known.toSorted((a, b) => b.length - a.length)[0] ?? /^[^.[]+/.exec(text)?.[0]
}

function matcherOf(selector: string): (item: unknown) => boolean {
  if (selector.startsWith('=')) return (item) => isSame(item, jsonOf(selector.slice(1)))
  const pairs = [...selector.matchAll(/([^=,]+)=("(?:[^"\\]|\\.)*"|[^,]*)/g)].map(
    ([, name = '', value = '']) => [name, jsonOf(value)] as const,
  )
  return (item) => isMap(item) && pairs.length > 0 && pairs.every(([name, value]) => isSame(item[name], value))
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
