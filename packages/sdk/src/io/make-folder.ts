import {existsSync, mkdirSync} from 'node:fs'
import {dirname} from 'node:path'

/**
 * Makes the folder and the parents it lacks, 0700; one that exists is left as it is. Throws what the system says.
 * Not `recursive`: in a folder that takes no entries (`/proc`) Node would try for ever.
 */
export function makePrivateFolder(folder: string): void {
  try {
    mkdirSync(folder, {mode: 0o700})
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || existsSync(dirname(folder))) throw error
    makePrivateFolder(dirname(folder))
    mkdirSync(folder, {mode: 0o700})
  }
}
