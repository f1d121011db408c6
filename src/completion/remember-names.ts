import {renameSync, rmSync, writeFileSync} from 'node:fs'
import {dirname} from 'node:path'
import {makePrivateFolder} from '@omni-cli/sdk'
import {KEPT_KINDS, type KnownName, knownNames, type NamesPlace, namesFile} from './names.ts'

const MAX_NAMES = 5_000

/**
 * Keeps the names of a kind for completion. Called by whatever has just listed them all. Best effort, never throws: a
 * full disk must not make a list fail. What is known already and fresh is not written again.
 */
export function rememberNames(place: NamesPlace, kind: string, all: readonly KnownName[]): void {
  if (!KEPT_KINDS.includes(kind)) return
  const names = all.slice(0, MAX_NAMES)
  const known = knownNames(place, kind)
  if (known.isFresh && JSON.stringify(known.names) === JSON.stringify(names)) return
  const file = namesFile(place, kind)
  const temporary = `${file}.${process.pid}.tmp`
  try {
    makePrivateFolder(dirname(file))
    writeFileSync(temporary, JSON.stringify({atMs: Date.now(), names}), {mode: 0o600})
    renameSync(temporary, file)
  } catch {
    removeQuietly(temporary)
  }
}

/** The same for things as a driver lists them. */
export const rememberThings = (
  session: {readonly home: string; readonly context: {readonly name: string}},
  kind: string,
  things: readonly {readonly name: string; readonly status?: unknown}[],
): void =>
  rememberNames(
    {home: session.home, context: session.context.name},
    kind,
    things.map(({name, status}): KnownName => [name, typeof status === 'string' ? status : '']),
  )

function removeQuietly(path: string): void {
  try {
    rmSync(path, {force: true})
  } catch {
    // The folder is no folder.
  }
}
