import {randomBytes} from 'node:crypto'
import {rename, rm, writeFile} from 'node:fs/promises'
import {dirname} from 'node:path'
import {makePrivateFolder} from '@omni-cli/sdk'
import {type KnownName, type NamesPlace, namesFile} from './names.ts'

const MAX_NAMES = 5_000

/**
 * Keeps the names of a kind for completion. Called by whatever has just listed them all. Best effort, never throws: a
 * full disk must not make a list fail.
 */
export async function rememberNames(place: NamesPlace, kind: string, names: readonly KnownName[]): Promise<void> {
  const file = namesFile(place, kind)
  const temporary = `${file}.${randomBytes(4).toString('hex')}`
  try {
    makePrivateFolder(dirname(file))
    const content = JSON.stringify({atMs: Date.now(), names: names.slice(0, MAX_NAMES)})
    await writeFile(temporary, content, {mode: 0o600})
    await rename(temporary, file)
  } catch {
    await rm(temporary, {force: true}).catch(() => undefined)
  }
}
