import {stat} from 'node:fs/promises'
import {join} from 'node:path'
import {OmniError} from '@omni-cli/sdk'
import {type PlannedFile, WORK_FOLDER} from './plan.ts'

/**
 * IO when files of different names would be one file, on a disk that takes capitals for small letters: the last one would be
 * taken for all of them.
 */
export async function refuseClashes(folder: string, files: readonly PlannedFile[]): Promise<void> {
  if (!(await foldsCase(folder))) return
  const byName = Map.groupBy(files, ({path}) => path.normalize('NFC').toLowerCase())
  const clashes = [...byName.values()].filter((same) => same.length > 1)
  if (clashes.length === 0) return
  const lines = clashes.map((same) => same.map(({path}) => `'${path}'`).join(' and '))
  throw new OmniError('IO', `on this disk these names are the same:\n${lines.join('\n')}`, {
    hint: 'name a folder on a disk that tells capitals from small letters, or leave some out with --include PATTERN',
  })
}

async function foldsCase(folder: string): Promise<boolean> {
  const own = await stat(join(folder, WORK_FOLDER))
  const other = await stat(join(folder, WORK_FOLDER.toUpperCase())).catch(() => undefined)
  return other?.ino === own.ino && other.dev === own.dev
}
