import {existsSync, mkdirSync} from 'node:fs'
import {dirname} from 'node:path'
import {OmniError} from '@omni-cli/sdk'
import {createKeyFile, type MasterKey, newMasterKey, readKeys, replaceKeyFile} from './master-key.ts'

/** The master keys: those on the disk for writing, those once read for reading, so that services start without the file. */
export function createKeyBook(path: string, isNeeded: () => boolean) {
  let known: MasterKey[] = []
  const onDisk = (): MasterKey[] => {
    const keys = readKeys(path)
    if (keys.length > 0) known = keys
    return keys
  }
  return {
    path,
    onDisk,
    forget: () => {
      known = []
    },
    find(id: string): MasterKey | undefined {
      return known.find((key) => key.id === id) ?? onDisk().find((key) => key.id === id)
    },
    /** The one to seal with; made when nothing is sealed yet. */
    current(): MasterKey {
      const [current] = onDisk()
      if (current !== undefined) return current
      if (isNeeded()) throw keyLost(path)
      if (!existsSync(dirname(path))) mkdirSync(dirname(path), {recursive: true, mode: 0o700})
      const key = newMasterKey()
      createKeyFile(path, [key])
      return key
    },
    /** From now on the key is in force; the old ones stay until no row needs them. */
    begin(key: MasterKey, old: readonly MasterKey[]): void {
      if (old.length === 0) createKeyFile(path, [key])
      else replaceKeyFile(path, [key, ...old])
    },
  }
}

export type KeyBook = ReturnType<typeof createKeyBook>

export const keyLost = (path: string): OmniError =>
  new OmniError('IO', `the key of the secrets, '${path}', is gone`, {
    hint: 'put it back from a backup, or remove all secrets (omni secrets list --all) and set them again',
  })
