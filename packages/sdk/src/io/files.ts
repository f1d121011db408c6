import {randomBytes} from 'node:crypto'
import {chmod, lstat, open, rename, rm} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {messageOf, OmniError} from '../errors.ts'
import {makePrivateFolder} from './make-folder.ts'

export interface WriteFileOptions {
  /** Default 0600, whatever the umask. */
  readonly mode?: number | undefined
}

/**
 * Replaces the file as a whole: readers see the old or the new content, also after a power cut. The folder must exist.
 * IO when it cannot be written; the old content is intact then.
 */
export async function writeFileAtomic(
  path: string,
  content: string | Uint8Array,
  options: WriteFileOptions = {},
): Promise<void> {
  const temporary = join(dirname(path), `.${randomBytes(6).toString('hex')}.tmp`)
  try {
    const file = await open(temporary, 'wx', options.mode ?? 0o600)
    try {
      await file.chmod(options.mode ?? 0o600)
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
    await syncFolder(dirname(path))
  } catch (error) {
    await rm(temporary, {force: true}).catch(() => undefined)
    throw new OmniError('IO', `cannot write '${path}': ${reasonOf(error)}`, {cause: error})
  }
}

/**
 * Creates the folder (and its parents) for this user alone: 0700. An existing one of ours is narrowed to 0700.
 * IO when it cannot be made, is no folder, is a symbolic link or belongs to somebody else.
 */
export async function ensurePrivateDir(path: string): Promise<void> {
  try {
    makePrivateFolder(path)
    const found = await lstat(path)
    if (!found.isDirectory()) throw new Error('it is not a folder')
    if (process.getuid !== undefined && found.uid !== process.getuid()) throw new Error('it belongs to another user')
    if ((found.mode & 0o077) !== 0) await chmod(path, 0o700)
  } catch (error) {
    throw new OmniError('IO', `cannot use the folder '${path}': ${reasonOf(error)}`, {cause: error})
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENOENT: 'the folder does not exist',
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'it is a folder',
  EEXIST: 'a part of the path is not a folder',
  ENAMETOOLONG: 'the name is too long',
  EMFILE: 'too many open files',
  ELOOP: 'too many symbolic links',
}

/** What a system error code means to a person; the error's message when it is none we know. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return (typeof code === 'string' ? REASONS[code] : undefined) ?? messageOf(error)
}

/** The rename itself must be on the disk; folders cannot be opened for that everywhere (Windows). */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined)
  await folder?.sync().catch(() => undefined)
  await folder?.close()
}
