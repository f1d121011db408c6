import {posix} from 'node:path'
import {buffer} from 'node:stream/consumers'
import {OmniError} from '@omni-cli/sdk'

/** Something on a disk. Never changed in place, so that a snapshot is a copy of the map. */
export interface DiskEntry {
  readonly type: 'file' | 'directory' | 'symlink'
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly content?: Buffer | undefined
  readonly target?: string | undefined
}

/** Entries by absolute path, without `.`, `..` and a slash at the end. */
export type Disk = Map<string, DiskEntry>

const folder = (mode: number): DiskEntry => ({type: 'directory', mode, uid: 0, gid: 0})

export const newDisk = (hostname: string): Disk =>
  new Map<string, DiskEntry>([
    ['/', folder(0o755)],
    ['/etc', folder(0o755)],
    ['/etc/hostname', {type: 'file', mode: 0o644, uid: 0, gid: 0, content: Buffer.from(`${hostname}\n`)}],
    ['/root', folder(0o700)],
    ['/tmp', folder(0o1777)],
  ])

const MAX_LINKS = 20

/** The path with the symlinks on its way followed; the last part only when `follow` says so. */
export function resolvePath(disk: Disk, path: string, follow: boolean, depth = 0): string {
  if (depth > MAX_LINKS) throw new OmniError('IO', `too many symlinks at '${path}'`)
  const parts = posix.normalize(path).split('/').filter(Boolean)
  let at = '/'
  for (const [index, part] of parts.entries()) {
    const next = posix.join(at, part)
    const entry = disk.get(next)
    const isLast = index === parts.length - 1
    if (entry?.type === 'symlink' && (follow || !isLast)) {
      const target = posix.resolve(at, entry.target ?? '')
      return resolvePath(disk, posix.join(target, ...parts.slice(index + 1)), follow, depth + 1)
    }
    at = next
  }
  return at
}

/** The folder that holds the path; NOT_FOUND when there is none. */
export function needParent(disk: Disk, path: string): void {
  const parent = posix.dirname(path)
  if (disk.get(parent)?.type !== 'directory') throw new OmniError('NOT_FOUND', `there is no folder '${parent}'`)
}

export const readAll = async (content: NodeJS.ReadableStream): Promise<Buffer> => buffer(content)
