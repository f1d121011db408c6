import {randomBytes} from 'node:crypto'
import {posix} from 'node:path'
import {addAbortSignal, Readable} from 'node:stream'
import {aborted, type FileWriteOptions} from '@omni-cli/sdk'
import {
  type ChangeMode,
  followLinks,
  look,
  permissionsOf,
  removeFile,
  renameOver,
  setAttributes,
  typeOf,
} from './files-calls.ts'
import {type Attributes, OPEN, STATUS} from './files-packets.ts'
import {FileFailure, type Session} from './files-session.ts'
import {closeHandle, openFile, writeChunks} from './files-transfer.ts'

const NEW_MODE = 0o644

/** A place to write to, and how what is there at the end should be. */
interface Upload {
  readonly place: string
  readonly wanted: Attributes
  readonly content: NodeJS.ReadableStream
  readonly options: FileWriteOptions & {readonly changeMode: ChangeMode}
}

/** Replaces the file that the path leads to: written beside it, and moved there when it is whole. */
export async function writeFile(
  session: Session,
  path: string,
  content: NodeJS.ReadableStream,
  options: Upload['options'],
): Promise<void> {
  const {signal, mode, uid, gid} = options
  if (signal !== undefined && content instanceof Readable) addAbortSignal(signal, content)
  try {
    const place = await followLinks(session, path)
    const before = await look(session, place)
    const type = before === undefined ? 'file' : typeOf(before)
    if (type === 'directory') throw new FileFailure(STATUS.failure, 'is a directory')
    const wanted = {
      mode: mode ?? (before === undefined ? NEW_MODE : permissionsOf(before)),
      uid: uid ?? before?.uid ?? 0,
      gid: gid ?? before?.gid ?? 0,
    }
    const upload = {place, wanted, content, options}
    await (type === 'file' ? writeBeside(session, upload) : writeInto(session, upload))
  } catch (error) {
    if (content instanceof Readable) content.destroy()
    throw signal?.aborted ? aborted(signal) : error
  }
}

async function writeBeside(session: Session, {place, wanted, content, options}: Upload): Promise<void> {
  const beside = posix.join(posix.dirname(place), `.omni-${randomBytes(8).toString('hex')}`)
  const handle = await openFile(session, beside, OPEN.write, OPEN.create, OPEN.exclusive)
  try {
    try {
      await writeChunks(handle, content, options.signal)
    } finally {
      await closeHandle(handle)
    }
    await setAttributes(session, beside, wanted, options.changeMode)
    await renameOver(session, beside, place)
  } catch (error) {
    await removeFile(session, beside).catch(() => undefined)
    throw error
  }
}

/** A device or a pipe takes the bytes itself. */
async function writeInto(session: Session, {place, content, options}: Upload): Promise<void> {
  const handle = await openFile(session, place, OPEN.write)
  try {
    await writeChunks(handle, content, options.signal)
  } finally {
    await closeHandle(handle)
  }
}
