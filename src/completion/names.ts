import {readFileSync} from 'node:fs'
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

/** Kinds whose names are kept. */
export const KEPT_KINDS: readonly string[] = ['service', 'instance']

/** Names older than this are still offered, and asked for anew behind the user's back. */
const FRESH_MS = 10_000

export const namesFile = ({home, context}: NamesPlace, kind: string): string =>
  join(home, 'cache', 'names', encodeURIComponent(context), `${encodeURIComponent(kind)}.json`)

/** Names of things of a kind as they were last seen; none when nobody has looked yet. Never throws. */
export function knownNames(place: NamesPlace, kind: string, nowMs: number = Date.now()): KnownNames {
  try {
    const {atMs, names}: {atMs: number; names: KnownName[]} = JSON.parse(readFileSync(namesFile(place, kind), 'utf8'))
    return {names, isFresh: nowMs - atMs < FRESH_MS && atMs <= nowMs}
  } catch {
    return {names: [], isFresh: false}
  }
}
