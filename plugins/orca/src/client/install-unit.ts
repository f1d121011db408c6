import {chmod, mkdir} from 'node:fs/promises'
import {dirname} from 'node:path'
import {OmniError, writeFileAtomic} from '@omni-cli/sdk'

/** Writes a unit file, readable for systemd. IO with a hint when the folder is not ours to write in. */
export async function installUnit(path: string, unit: string): Promise<void> {
  try {
    await mkdir(dirname(path), {recursive: true})
    await writeFileAtomic(path, unit, {mode: 0o644})
    await chmod(path, 0o644)
  } catch (error) {
    throw new OmniError('IO', `cannot write '${path}'`, {
      hint: 'sudo omni server install --system, or --dry-run to print the unit',
      cause: error,
    })
  }
}
