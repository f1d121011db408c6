import {randomBytes} from 'node:crypto'
import {createWriteStream, type Stats} from 'node:fs'
import {chmod, lstat, mkdir, open, readdir, readlink, rename, rm, symlink} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {pipeline} from 'node:stream/promises'
import {type FileEntry, mapLimit, OmniError, reasonOf} from '@omni-cli/sdk'
import type {Side} from './side.ts'

const PIECE_BYTES = 1024 * 1024
/** Neither setuid nor setgid of a file from elsewhere has a meaning for this user. */
const PERMISSIONS = 0o777
/** A folder that is being filled must be writable for us. */
const OPEN_FOLDER = 0o700

/** This machine as one side of a copy. Symlinks are never followed, in whatever part of a tree they stand. */
export const localSide: Side = {
  show: (path) => path,
  join,
  stat: (path) => told(path, () => entryOf(path, path)),
  list: (path) =>
    told(path, async () => {
      const names = await readdir(path)
      const entries = await mapLimit(names, 16, (name) => entryOf(join(path, name), name))
      return entries.filter((entry) => entry !== undefined)
    }),
  read: (path) => told(path, async () => (await open(path)).createReadStream({highWaterMark: PIECE_BYTES})),
  write: (path, content, {mode = 0o644}, {signal}) =>
    told(path, async () => {
      if ((await entryOf(path, path))?.type === 'directory') throw new OmniError('CONFLICT', `'${path}' is a folder`)
      const temporary = join(dirname(path), `.${randomBytes(6).toString('hex')}.tmp`)
      try {
        const file = createWriteStream(temporary, {flags: 'wx', mode: 0o600, highWaterMark: PIECE_BYTES})
        await pipeline(content, file, {signal})
        await chmod(temporary, mode & PERMISSIONS)
        await rename(temporary, path)
      } catch (error) {
        await rm(temporary, {force: true}).catch(() => undefined)
        throw error
      }
    }),
  makeFolder: (path, {mode = 0o755}) =>
    told(path, async () => {
      const there = await entryOf(path, path)
      if (there?.type === 'directory') return false
      if (there !== undefined) throw new OmniError('CONFLICT', `'${path}' is there and no folder`)
      await mkdir(path, {mode: (mode & PERMISSIONS) | OPEN_FOLDER})
      return true
    }),
  closeFolder: (path, {mode}) =>
    told(path, async () => {
      if (mode !== undefined) await chmod(path, mode & PERMISSIONS)
    }),
  makeSymlink: (path, target) =>
    told(path, async () => {
      const there = await entryOf(path, path)
      if (there !== undefined && there.type !== 'symlink') throw new OmniError('CONFLICT', `'${path}' is there already`)
      if (there !== undefined) await rm(path)
      await symlink(target, path)
    }),
}

async function entryOf(path: string, name: string): Promise<FileEntry | undefined> {
  const stats = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (stats === undefined) return undefined
  const type = typeOf(stats)
  return {
    ...{name, type, mode: stats.mode & 0o7777, sizeBytes: type === 'file' ? stats.size : undefined},
    target: type === 'symlink' ? await readlink(path) : undefined,
  }
}

function typeOf(stats: Stats): FileEntry['type'] {
  if (stats.isSymbolicLink()) return 'symlink'
  if (stats.isDirectory()) return 'directory'
  return stats.isFile() ? 'file' : 'other'
}

/** System errors in words; errors of the other side, which come through the pipe, stay what they are. */
async function told<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error
    throw new OmniError('IO', `'${path}': ${reasonOf(error)}`, {cause: error})
  }
}
