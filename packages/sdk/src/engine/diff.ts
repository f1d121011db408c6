import {isSecretKey, REDACTED, redact} from '../io/redact.ts'
import type {Change} from './operation.ts'

type Fields = Readonly<Record<string, unknown>>

export interface DiffInput {
  /** Complete spec, defaults filled in. */
  readonly spec: Fields
  /** The part of the spec that the user wrote. */
  readonly written: Fields
  /** What is there, in the form of the spec. */
  readonly observed: Fields
  /** The last change came from a plan: what is not written any more goes back to its default. */
  readonly isOwned: boolean
  /** Top-level fields that commands set as well: compared only when written. */
  readonly shared: readonly string[]
  /** Whether an absent observed field is not set; else it cannot be read back and is not compared. Default: all are told. */
  readonly isTold?: ((field: string) => boolean) | undefined
}

/**
 * What differs. A written field always counts. A field that is not written counts when the thing is owned by a plan
 * and the observed value is not the default: then it was taken out of the file. Lists are compared as a whole.
 */
export function diffSpecs(input: DiffInput): Change[] {
  const changes: Change[] = []
  const {spec, written, observed, isOwned, shared, isTold = () => true} = input
  for (const key of new Set([...Object.keys(written), ...(isOwned ? Object.keys({...spec, ...observed}) : [])])) {
    const isWritten = Object.hasOwn(written, key)
    if (!isWritten && (shared.includes(key) || own(observed, key) === undefined)) continue
    if (own(observed, key) === undefined && !isTold(key)) continue
    compare(
      {
        path: [key],
        wanted: isOwned ? own(spec, key) : own(written, key),
        written: own(written, key),
        observed: own(observed, key),
        isOwned,
      },
      changes,
    )
  }
  return changes
}

interface Pair {
  readonly path: readonly string[]
  readonly wanted: unknown
  readonly written: unknown
  readonly observed: unknown
  readonly isOwned: boolean
}

function compare({path, wanted, written, observed, isOwned}: Pair, changes: Change[]): void {
  if (!isFields(wanted) || !isFields(observed)) {
    if (!isEqual(wanted, observed)) changes.push(changeOf(path, observed, wanted))
    return
  }
  for (const key of new Set([...Object.keys(wanted), ...(isOwned ? Object.keys(observed) : [])])) {
    const writtenPart = isFields(written) ? own(written, key) : undefined
    // A default that the other side does not know is no difference.
    if (writtenPart === undefined && own(observed, key) === undefined) continue
    const part = {wanted: own(wanted, key), written: writtenPart, observed: own(observed, key)}
    compare({path: [...path, key], ...part, isOwned}, changes)
  }
}

/** Equal as JSON: order of keys does not matter, `undefined` is absent. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => isEqual(item, b[i]))
  }
  if (!isFields(a) || !isFields(b)) return false
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...keys].every((key) => isEqual(own(a, key), own(b, key)))
}

function changeOf(path: readonly string[], from: unknown, to: unknown): Change {
  const key = path.at(-1) ?? ''
  return {
    path: path.join('.'),
    ...(from === undefined ? {} : {from: masked(key, from)}),
    ...(to === undefined ? {} : {to: masked(key, to)}),
  }
}

/** A reference to a secret is none. */
const SECRET_REFERENCE = /^\$\{secrets\.[^}]*\}$/

function masked(key: string, value: unknown): unknown {
  if (typeof value === 'string' && SECRET_REFERENCE.test(value)) return value
  return typeof value === 'string' && isSecretKey(key) ? REDACTED : redact(value)
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Names of users' things are keys here: `constructor` must not be found on the prototype. */
const own = (fields: Fields, key: string): unknown => (Object.hasOwn(fields, key) ? fields[key] : undefined)
