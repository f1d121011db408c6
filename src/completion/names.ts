import {randomBytes} from 'node:crypto'
import {readFileSync} from 'node:fs'
import {mkdir, rename, rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'

/** A name that the shell can complete, and what to show beside it. */
export type KnownName = readonly [name: string, note: string]

export interface KnownNames {
  readonly names: readonly KnownName[]
  readonly isFresh: boolean
}

/** Where names are kept: one file for each context and kind. */
export interface NamesPlace {
  readonly home: string
  readonly context: string
}

/** Names older than this are still offered, and asked for anew behind the user's back. */
const FRESH_MS = 10_000
const MAX_NAMES = 5_000

const fileOf = ({home, context}: NamesPlace, kind: string): string =>
  join(home, 'cache', 'names', encodeURIComponent(context), `${encodeURIComponent(kind)}.json`)

/** Names of things of a kind as they were last seen; none when nobody has looked yet. Never throws. */
export function knownNames(place: NamesPlace, kind: string, nowMs: number = Date.now()): KnownNames {
  try {
    const {atMs, names}: {atMs: number; names: KnownName[]} = JSON.parse(readFileSync(fileOf(place, kind), 'utf8'))
    return {names, isFresh: nowMs - atMs < FRESH_MS && atMs <= nowMs}
  } catch {
    return {names: [], isFresh: false}
  }
}

/**
 * Keeps the names of a kind for completion. Called by whatever has just listed them all. Best effort, never throws: a
 * full disk must not make a list fail.
 */
export async function rememberNames(place: NamesPlace, kind: string, names: readonly KnownName[]): Promise<void> {
  const file = fileOf(place, kind)
  const temporary = `${file}.${randomBytes(4).toString('hex')}`
  try {
    await mkdir(join(file, '..'), {recursive: true, mode: 0o700})
    const content = JSON.stringify({atMs: Date.now(), names: names.slice(0, MAX_NAMES)})
    await writeFile(temporary, content, {mode: 0o600})
    await rename(temporary, file)
  } catch {
    await rm(temporary, {force: true}).catch(() => undefined)
  }
}
