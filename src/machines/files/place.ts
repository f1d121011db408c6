import {posix} from 'node:path'
import {type CallOptions, type FileEntry, OmniError} from '@omni-cli/sdk'
import type {Side} from './side.ts'

/** A path of one side. */
export interface Place {
  readonly side: Side
  readonly path: string
}

export interface KnownPlace extends Place {
  readonly entry: FileEntry
}

const MAX_LINKS = 40

/** What a path leads to, over the symlinks at its end. Undefined when nothing is there. IO for links in a circle. */
export async function follow({side, path}: Place, options: CallOptions): Promise<KnownPlace | undefined> {
  let at = path
  for (let count = 0; count <= MAX_LINKS; count++) {
    const entry = await side.stat(at, options)
    if (entry?.type !== 'symlink') return entry === undefined ? undefined : {side, path: at, entry}
    at = posix.resolve(posix.dirname(at), entry.target ?? '')
  }
  throw new OmniError('IO', `'${side.show(path)}': the symbolic links lead in a circle`)
}

/** `dir/.` and `/` mean what is in the folder, not the folder. */
export const meansContents = (path: string): boolean => path === '/' || /(^|\/)\.$/.test(path)

/**
 * Where something goes: into a folder that is there under its own name, else to the path itself, as with `cp`.
 * NOT_FOUND for a file that is to go into a folder that is not there.
 */
export async function placeFor(
  source: {readonly name: string; readonly isFolder: boolean; readonly isContents: boolean},
  target: Place,
  options: CallOptions,
): Promise<Place> {
  const {side, path} = target
  const bare = path.length > 1 ? path.replace(/\/+$/, '') : path
  const found = await follow({side, path: bare}, options)
  if (found === undefined) {
    if (source.isFolder || !path.endsWith('/')) return {side, path: bare}
    throw new OmniError('NOT_FOUND', `there is no folder '${side.show(path)}'`)
  }
  if (found.entry.type !== 'directory') {
    if (!source.isFolder && !path.endsWith('/')) return found
    throw new OmniError('CONFLICT', `'${side.show(path)}' is no folder`)
  }
  return {side, path: source.isContents ? found.path : side.join(found.path, source.name)}
}
