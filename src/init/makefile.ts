import {readFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {OmniError, reasonOf} from '@omni-cli/sdk'

/**
 * Writes the Makefile for a plan of machines into a folder and tells its path. CONFLICT when there is one: it is somebody's.
 * @param root folder of this package
 */
export async function writeMakefile(folder: string, root: string): Promise<string> {
  const file = join(folder, 'Makefile')
  const text = await readFile(join(root, 'templates', 'machines', 'Makefile'), 'utf8')
  try {
    await writeFile(file, text, {flag: 'wx'})
  } catch (error) {
    const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST'
    if (isThere) throw new OmniError('CONFLICT', `there is a Makefile in '${folder}' already`, {cause: error})
    throw new OmniError('IO', `cannot write '${file}': ${reasonOf(error)}`, {cause: error})
  }
  return file
}
