import {type ApiObject, isSecretKey, type ObjectChange, REDACTED, redact} from '@omni-cli/sdk'
import {lastManager} from './managed-fields.ts'
import {comparable} from './sendable.ts'
import {groupOf, isMap, isSame, textAt} from './values.ts'

type Path = readonly (string | number)[]

interface Difference {
  readonly path: Path
  readonly from?: unknown
  readonly to?: unknown
}

/** What applying would change: the live object against the server's answer. Values that are secret are masked. */
export function objectChanges(live: ApiObject, answer: ApiObject): ObjectChange[] {
  const differences = differencesOf(comparable(live), comparable(answer), [])
  return differences.map((difference): ObjectChange => {
    const {path, from, to} = masked(live, answer, difference)
    const owner = lastManager(live, difference.path)
    return {
      path: path.join('.'),
      ...(from === undefined ? {} : {from}),
      ...(to === undefined ? {} : {to}),
      ...(owner === undefined ? {} : {by: owner.name, ...(owner.time === undefined ? {} : {at: owner.time})}),
    }
  })
}

function differencesOf(from: unknown, to: unknown, path: Path): Difference[] {
  if (isSame(from, to)) return []
  if (isMap(from) && isMap(to)) {
    const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])]
    return keys.flatMap((key) => differencesOf(from[key], to[key], [...path, key]))
  }
  if (Array.isArray(from) && Array.isArray(to)) return listDifferences(from, to, path)
  return [{path, from, to}]
}

/** Things with names are the same things wherever they stand; other lists are compared place by place. */
function listDifferences(from: readonly unknown[], to: readonly unknown[], path: Path): Difference[] {
  const [left, right] = [namesIn(from), namesIn(to)]
  if (left === undefined || right === undefined) {
    if (from.length !== to.length || !from.every(isMap)) return [{path, from, to}]
    return from.flatMap((item, index) => differencesOf(item, to[index], [...path, index]))
  }
  const kept = [...left].flatMap(([name, index]) => {
    const other = right.get(name)
    return differencesOf(from[index], other === undefined ? undefined : to[other], [...path, index])
  })
  const added = [...right].filter(([name]) => !left.has(name))
  const places = added.map(([, index]) => ({path: [...path, index], to: to[index]}))
  const found = [...kept, ...places]
  // The same things in another order.
  return found.length > 0 ? found : [{path, from: [...left.keys()], to: [...right.keys()]}]
}

function namesIn(list: readonly unknown[]): Map<string, number> | undefined {
  const names = new Map<string, number>()
  for (const [index, item] of list.entries()) {
    const name = textAt(item, 'name')
    if (name === undefined || names.has(name)) return undefined
    names.set(name, index)
  }
  return names
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

function masked(live: ApiObject, answer: ApiObject, difference: Difference): Difference {
  const {path, from, to} = difference
  const last = path.at(-1)
  const isSecret = live.kind === 'Secret' && groupOf(live.apiVersion) === ''
  const isValue = isSecret && (path[0] === 'data' || path[0] === 'stringData' || last === LAST_APPLIED)
  const isTelling = typeof last === 'string' && last !== 'key' && isSecretKey(last)
  const hide = isValue
    ? hideAll
    : isTelling || isSecretVariable(live, path) || isSecretVariable(answer, path)
      ? hideText
      : redact
  return {path, from: hide(from), to: hide(to)}
}

/** Every value of a secret, whatever it is. */
function hideAll(value: unknown): unknown {
  if (isMap(value)) return Object.fromEntries(Object.keys(value).map((key) => [key, REDACTED]))
  return value === undefined ? undefined : REDACTED
}

const hideText = (value: unknown): unknown => (typeof value === 'string' ? REDACTED : redact(value))

/** `env: [{name: DB_PASSWORD, value: …}]` */
function isSecretVariable(object: ApiObject, path: Path): boolean {
  if (path.at(-1) !== 'value') return false
  let node: unknown = object
  for (const part of path.slice(0, -1)) {
    if (typeof node !== 'object' || node === null) return false
    node = Reflect.get(node, part)
  }
  const name = textAt(node, 'name')
  return name !== undefined && isSecretKey(name)
}

/** Fields of the sent object that the answer does not have: the server dropped them. Empty values are the same as absent ones. */
export function droppedFields(sent: ApiObject, answer: ApiObject): string[] {
  const {stringData: _, ...rest} = sent
  return dropped(rest, answer, [])
}

function dropped(sent: unknown, got: unknown, path: Path): string[] {
  if (isEmpty(sent)) return []
  if (got === undefined) return [path.join('.')]
  if (isMap(sent)) {
    return isMap(got) ? Object.entries(sent).flatMap(([key, value]) => dropped(value, got[key], [...path, key])) : []
  }
  if (!Array.isArray(sent) || !Array.isArray(got) || sent.length !== got.length) return []
  return sent.flatMap((item, index) => dropped(item, got[index], [...path, index]))
}

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === '' ||
  value === false ||
  value === 0 ||
  (typeof value === 'object' && Object.values(value).every(isEmpty))
