import {constants} from 'node:fs'
import {posix} from 'node:path'
import type {FileEntry} from '@omni-cli/sdk'
import {type Attributes, attributes, PACKET, path as pathField, STATUS, sized} from './files-packets.ts'
import {FileFailure, type Session} from './files-session.ts'
import {closeHandle} from './files-transfer.ts'

const TYPES: ReadonlyMap<number, FileEntry['type']> = new Map([
  [constants.S_IFDIR, 'directory'],
  [constants.S_IFREG, 'file'],
  [constants.S_IFLNK, 'symlink'],
])
const PERMISSION_BITS = 0o7777
/** setuid, setgid and sticky. */
const SPECIAL_BITS = 0o7000

export const typeOf = ({mode = 0}: Attributes): FileEntry['type'] => TYPES.get(mode & constants.S_IFMT) ?? 'other'

export const permissionsOf = ({mode = 0}: Attributes): number => mode & PERMISSION_BITS

export function entryOf(name: string, found: Attributes): FileEntry {
  const type = typeOf(found)
  const {uid, gid, sizeBytes} = found
  return {name, type, mode: permissionsOf(found), uid, gid, ...(type === 'file' ? {sizeBytes} : {})}
}

/** What is at the path; a symlink is itself, unless it is followed. Undefined: nothing. */
export async function look(session: Session, path: string, isFollowed = false): Promise<Attributes | undefined> {
  try {
    const {body} = await session.request(isFollowed ? PACKET.stat : PACKET.lstat, pathField(path))
    return body.attributes()
  } catch (error) {
    if (error instanceof FileFailure && error.status === STATUS.missing) return undefined
    throw error
  }
}

/** What is in a folder, without `.` and `..`; symlinks have no target yet. */
export async function listFolder(session: Session, path: string): Promise<FileEntry[]> {
  const {body} = await session.request(PACKET.opendir, pathField(path))
  const handle = {session, id: Buffer.from(body.bytes())}
  const entries: FileEntry[] = []
  try {
    for (;;) {
      const page = await session.request(PACKET.readdir, sized(handle.id))
      if (page.kind === PACKET.status) return entries
      for (let left = page.body.uint32(); left > 0; left--) {
        const name = page.body.path()
        // The line of `ls -l`, which says nothing that the attributes do not say.
        page.body.bytes()
        const entry = entryOf(name, page.body.attributes())
        if (name !== '.' && name !== '..') entries.push(entry)
      }
    }
  } finally {
    await closeHandle(handle)
  }
}

/** Where a symlink leads, as it is written. */
export async function readTarget(session: Session, path: string): Promise<string> {
  const {body} = await session.request(PACKET.readlink, pathField(path))
  body.uint32()
  return body.path()
}

/** With the target, when it is a symlink. */
export async function withTarget(session: Session, path: string, entry: FileEntry): Promise<FileEntry> {
  return entry.type === 'symlink' ? {...entry, target: await readTarget(session, path)} : entry
}

/** Sets mode bits that the connection leaves out. */
export type ChangeMode = (path: string, mode: number) => Promise<void>

/** The owner first: changing it takes away the special bits. Those the server may drop; then `changeMode` sets them. */
export async function setAttributes(
  session: Session,
  path: string,
  {uid, gid, mode}: Attributes,
  changeMode: ChangeMode,
): Promise<void> {
  if (uid !== undefined && gid !== undefined) {
    await session.request(PACKET.setstat, pathField(path), attributes({uid, gid}))
  }
  if (mode === undefined) return
  await session.request(PACKET.setstat, pathField(path), attributes({mode}))
  if ((mode & SPECIAL_BITS) === 0) return
  const found = await look(session, path)
  if (found !== undefined && permissionsOf(found) !== mode) await changeMode(path, mode)
}

export async function removeFile(session: Session, path: string): Promise<void> {
  await session.request(PACKET.remove, pathField(path))
}

/** In place of what is there, in one step. */
export async function renameOver(session: Session, from: string, to: string): Promise<void> {
  const extension = sized(Buffer.from('posix-rename@openssh.com'))
  await session.request(PACKET.extended, extension, pathField(from), pathField(to))
}

/** The place that a chain of symlinks leads to, whether something is there or not. */
export async function followLinks(session: Session, path: string, maxLinks = 40): Promise<string> {
  let place = path
  for (let left = maxLinks; left > 0; left--) {
    const found = await look(session, place)
    if (found === undefined || typeOf(found) !== 'symlink') return place
    place = posix.resolve(posix.dirname(place), await readTarget(session, place))
  }
  throw new FileFailure(STATUS.failure, 'too many levels of symbolic links')
}
