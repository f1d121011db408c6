import {join} from 'node:path'
import type {DatabaseSync} from 'node:sqlite'
import {isOmniError, OmniError} from '@omni-cli/sdk'
import {
  candidatesOf,
  fillIn,
  keyProblem,
  referencesOf,
  type SecretName,
  secretLabel,
  valueProblem,
} from '../../secrets/reference.ts'
import {durably} from '../store/database.ts'
import {createKeyBook, type KeyBook, keyLost} from './key-book.ts'
import {newMasterKey, replaceKeyFile, seal, unseal} from './master-key.ts'
import {openRows, type Row, type Rows, type SecretRecord} from './secret-rows.ts'
import type {SecretResolver} from './secrets.ts'

export interface Secret extends SecretName {
  readonly value: string
}

/** What becomes of a key that is set already, to something else. */
export type OnConflict = 'replace' | 'keep' | 'refuse'

export interface PutOutcome {
  readonly set: readonly SecretName[]
  /** Had this value already. */
  readonly unchanged: readonly SecretName[]
  /** Have another value, and keep it. */
  readonly kept: readonly SecretName[]
}

export interface SecretStore extends SecretResolver {
  /** Sorted by project and key; those for all first. */
  list(): SecretRecord[]
  get(name: SecretName): SecretRecord | undefined
  /** All or none. USAGE for a key or a value that cannot be kept; CONFLICT with `refuse`, naming the keys. */
  put(secrets: readonly Secret[], options: {readonly by: string; readonly onConflict: OnConflict}): PutOutcome
  /** False when there was none. */
  remove(name: SecretName): boolean
  /** Values in clear. NOT_FOUND for one that is not set, IO for one that cannot be decrypted. */
  reveal(names: readonly SecretName[]): Secret[]
  /** A new master key; all values are sealed again. Nothing is lost when it is interrupted anywhere. */
  rotate(): {readonly secrets: number}
}

/**
 * Secrets in the given database, each sealed under the master key in `<home>/engine/secrets.key` and bound to its project
 * and key: what was changed or moved is refused, never taken for a value. A rotation that was interrupted is finished.
 */
export function createSecretStore({
  database,
  home,
}: {
  readonly database: DatabaseSync
  readonly home: string
}): SecretStore {
  const rows = openRows(database)
  const keyFile = join(home, 'engine', 'secrets.key')
  const keys = createKeyBook(keyFile, () => rows.count() > 0)

  const reveal = (name: SecretName): string | undefined => {
    const row = rows.get(name)
    return row === undefined ? undefined : open(name, row, keys)
  }
  const resealAll = (): number => {
    const all = rows.list().map((row) => ({name: row, value: open(row, row, keys)}))
    const [current] = keys.onDisk()
    if (current === undefined) return 0
    durably(database, () => {
      for (const {name, value} of all)
        rows.reseal(name, {keyId: current.id, sealed: seal(current, placeOf(name), value)})
    })
    replaceKeyFile(keyFile, [current])
    keys.forget()
    return all.length
  }
  finishRotation(keys, resealAll)

  const found = (reference: string, project: string | undefined): SecretName | undefined =>
    candidatesOf(reference, project).find((name) => rows.get(name) !== undefined)
  const missing: SecretStore['missing'] = (env, project) =>
    referencesOf(env).filter((reference) => found(reference, project) === undefined)

  return {
    missing,
    resolve(env, project) {
      const unset = missing(env, project)
      if (unset.length > 0) throw notSet(unset, project)
      const lookUp = (reference: string): string => {
        const name = found(reference, project)
        const value = name === undefined ? undefined : reveal(name)
        if (value === undefined) throw notSet([reference], project)
        return value
      }
      return Object.fromEntries(Object.entries(env).map(([key, text]) => [key, fillIn(text, lookUp)]))
    },
    list: () => rows.list().map(toRecord),
    get(name) {
      const row = rows.get(name)
      return row === undefined ? undefined : toRecord(row)
    },
    put(secrets, {by, onConflict}) {
      for (const {value, ...name} of secrets) refuseBad(name, value)
      const sorted = sort(secrets, {rows, keys, onConflict})
      if (sorted.set.length === 0) return namesOf(sorted)
      const current = keys.current()
      durably(database, () => {
        for (const secret of sorted.set) {
          rows.put(secret, {keyId: current.id, sealed: seal(current, placeOf(secret), secret.value), by})
        }
      })
      return namesOf(sorted)
    },
    remove: (name) => durably(database, () => rows.remove(name)),
    reveal: (names) =>
      names.map((name) => {
        const value = reveal(name)
        if (value === undefined) throw notSet([secretLabel(name)], name.project)
        return {...name, value}
      }),
    rotate() {
      const old = keys.onDisk()
      if (old.length === 0 && rows.count() > 0) throw keyLost(keyFile)
      // What cannot be read would be lost with the old key.
      for (const row of rows.list()) open(row, row, keys)
      keys.begin(newMasterKey(), old)
      return {secrets: resealAll()}
    },
  }
}

/** Two keys in the file mean that a rotation was cut short. A damaged row stops it again, and nothing else. */
function finishRotation(keys: KeyBook, resealAll: () => number): void {
  try {
    if (keys.onDisk().length > 1) resealAll()
  } catch (error) {
    // Whoever reads or sets a secret is told.
    if (!isOmniError(error)) throw error
  }
}

function open(name: SecretName, {keyId, sealed}: Pick<Row, 'keyId' | 'sealed'>, keys: KeyBook): string {
  const key = keys.find(keyId)
  const label = secretLabel(name)
  const hint = `put '${keys.path}' back from a backup, or set the secret again: omni secrets set ${name.key}${whereOf(name.project)}`
  if (key === undefined) {
    if (keys.onDisk().length === 0) throw keyLost(keys.path)
    throw new OmniError('IO', `the secret '${label}' was sealed with a key that '${keys.path}' does not hold`, {hint})
  }
  const value = unseal(key, placeOf(name), sealed)
  if (value !== undefined) return value
  throw new OmniError('IO', `the secret '${label}' is damaged: what is stored was changed or moved`, {hint})
}

/** What a sealed value is bound to. */
const placeOf = ({key, project}: SecretName): string => `omni secret\0${project ?? ''}\0${key}`

function refuseBad(name: SecretName, value: string): void {
  const problem = keyProblem(name.key)
  if (problem !== undefined)
    throw new OmniError('USAGE', `'${name.key.slice(0, 40)}' is no key of a secret: ${problem}`)
  const wrong = valueProblem(value)
  if (wrong !== undefined) throw new OmniError('USAGE', `the secret '${secretLabel(name)}' cannot be kept: ${wrong}`)
}

const toRecord = ({keyId: _, sealed: __, ...record}: Row): SecretRecord => record

interface Sorted {
  readonly set: readonly Secret[]
  readonly unchanged: readonly Secret[]
  readonly kept: readonly Secret[]
}

function sort(
  secrets: readonly Secret[],
  {rows, keys, onConflict}: {readonly rows: Rows; readonly keys: KeyBook; readonly onConflict: OnConflict},
): Sorted {
  const stateOf = (secret: Secret): 'new' | 'same' | 'other' => {
    const row = rows.get(secret)
    if (row === undefined) return 'new'
    return valueOrUndefined(secret, row, keys) === secret.value ? 'same' : 'other'
  }
  const sorted = secrets.map((secret) => ({secret, state: stateOf(secret)}))
  const pick = (...states: string[]) => sorted.filter(({state}) => states.includes(state)).map(({secret}) => secret)
  const others = pick('other')
  if (onConflict === 'refuse' && others.length > 0) {
    const labels = others.map(secretLabel)
    throw new OmniError('CONFLICT', `already set to something else: ${labels.join(', ')}`, {
      hint: 'the same with --overwrite',
      details: {keys: labels},
    })
  }
  const isKept = onConflict === 'keep'
  return {set: pick('new', ...(isKept ? [] : ['other'])), unchanged: pick('same'), kept: isKept ? others : []}
}

/** What cannot be read any more is another value. */
function valueOrUndefined(name: SecretName, row: Row, keys: KeyBook): string | undefined {
  try {
    return open(name, row, keys)
  } catch (error) {
    if (!isOmniError(error)) throw error
    return undefined
  }
}

const namesOf = ({set, unchanged, kept}: Sorted): PutOutcome => ({
  set: set.map(toName),
  unchanged: unchanged.map(toName),
  kept: kept.map(toName),
})

const toName = ({key, project}: Secret): SecretName => ({key, ...(project === undefined ? {} : {project})})

function notSet(references: readonly string[], project: string | undefined): OmniError {
  return new OmniError('NOT_FOUND', `secrets that are not set: ${references.join(', ')}`, {
    hint: `omni secrets set ${references[0]}${whereOf(project)}`,
  })
}

const whereOf = (project: string | undefined): string => (project === undefined ? ' --global' : ` --project ${project}`)
