import {existsSync, readdirSync, readFileSync, statSync} from 'node:fs'
import {basename, join, resolve} from 'node:path'
import {messageOf, OmniError} from '@omni-cli/sdk'

/** The little that recognition needs to know about a folder; paths are relative, with `/`. */
export interface Folder {
  readonly name: string
  /** A regular file (or a link to one) is there. */
  has(path: string): boolean
  /** Content of a small text file; undefined when it is absent or no regular file. */
  read(path: string): string | undefined
  /** Names of the folders inside `path`, sorted; empty when there are none. */
  folders(path: string): readonly string[]
}

const MAX_BYTES = 1_048_576

/** A folder on disk. NOT_FOUND when it is absent or no folder. */
export function openFolder(dir: string): Folder {
  const root = resolve(dir)
  const found = statOf(root, dir)
  if (found === undefined) throw new OmniError('NOT_FOUND', `there is no folder '${dir}'`, {hint: 'omni up DIR'})
  if (!found.isDirectory()) throw new OmniError('NOT_FOUND', `'${dir}' is no folder`, {hint: 'omni up DIR'})
  const isFile = (path: string) => statSync(join(root, path), {throwIfNoEntry: false})?.isFile() === true
  return {
    name: basename(root),
    has: isFile,
    read: (path) => (isFile(path) ? readSmall(join(root, path)) : undefined),
    folders: (path) => (existsSync(join(root, path)) ? foldersIn(join(root, path)) : []),
  }
}

function statOf(root: string, dir: string) {
  try {
    return statSync(root, {throwIfNoEntry: false})
  } catch (error) {
    throw new OmniError('NOT_FOUND', `there is no folder '${dir}': ${messageOf(error)}`, {
      hint: 'omni up DIR',
      cause: error,
    })
  }
}

function foldersIn(path: string): string[] {
  return readdirSync(path, {withFileTypes: true})
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
}

function readSmall(file: string): string {
  try {
    if (statSync(file).size > MAX_BYTES) throw new OmniError('MANIFEST_INVALID', `'${file}' is larger than 1 MiB`)
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) {
      throw new OmniError('IO', `cannot read '${file}': ${messageOf(error)}`, {cause: error})
    }
    throw error
  }
}
