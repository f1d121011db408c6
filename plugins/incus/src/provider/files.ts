import {posix} from 'node:path'
import {Readable} from 'node:stream'
import {finished} from 'node:stream/promises'
import {aborted, type CallOptions, type FileFacet, OmniError, throwIfAborted} from '@omni-cli/sdk'
import type {IncusClient} from '../client/client.ts'
import {type ChangeMode, entryOf, listFolder, look, setAttributes, typeOf, withTarget} from './files-calls.ts'
import {fileError} from './files-failure.ts'
import {attributes, OPEN, PACKET, path as pathField, STATUS, sized} from './files-packets.ts'
import {createSessionPool} from './files-pool.ts'
import {FileFailure, type Session} from './files-session.ts'
import {closeHandle, openFile, readChunks} from './files-transfer.ts'
import {writeFile} from './files-write.ts'

/**
 * Files of an instance over the SFTP that Incus carries: one connection for all calls that come close together, and
 * attributes with every entry of a folder. It works on a stopped container too; a virtual machine needs its agent.
 */
export function createFiles(client: Pick<IncusClient, 'upgrade' | 'operate'>): FileFacet {
  const pool = createSessionPool(client)
  const within = async <T>(place: Place, work: (session: Session) => Promise<T>): Promise<T> => {
    const {name, path, options = {}} = place
    checkPath(path)
    throwIfAborted(options.signal)
    try {
      return await pool.use(name, options, work)
    } catch (error) {
      throw fileError(error, name, path)
    }
  }
  const ask = <T>(place: Place, work: (session: Session) => Promise<T>): Promise<T> =>
    within(place, (session) => orAborted(work(session), place.options?.signal))
  return {
    read(name, path, options) {
      const opened = Promise.withResolvers<NodeJS.ReadableStream>()
      const place = {name, path, options}
      // The connection is held until the stream has ended.
      within(place, (session) => readFile(session, place, opened.resolve)).catch(opened.reject)
      return opened.promise
    },
    write: (name, path, content, options = {}) =>
      within({name, path, options}, (session) => {
        const changeMode = changeModeInside(client, name)
        return writeFile(session, path, content, {...options, changeMode})
      }),
    stat: (name, path, options) =>
      ask({name, path, options}, async (session) => {
        const found = await look(session, path)
        return found === undefined ? undefined : withTarget(session, path, entryOf(path, found))
      }),
    list: (name, path, options) =>
      ask({name, path, options}, async (session) => {
        const entries = await listFolder(session, path)
        return Promise.all(entries.map((entry) => withTarget(session, posix.join(path, entry.name), entry)))
      }),
    makeFolder: (name, path, options = {}) =>
      ask({name, path, options}, (session) => makeFolder(session, path, options.mode, changeModeInside(client, name))),
    makeSymlink: (name, path, target, options) =>
      ask({name, path, options}, (session) => makeSymlink(session, path, target)),
  }
}

interface Place {
  readonly name: string
  readonly path: string
  readonly options?: CallOptions | undefined
}

/** Resolves when the stream that it has handed out is over. */
async function readFile(session: Session, place: Place, hand: (stream: Readable) => void): Promise<void> {
  const {name, path, options} = place
  const handle = await openFile(session, path, OPEN.read)
  try {
    const {body} = await session.request(PACKET.fstat, sized(handle.id))
    if (typeOf(body.attributes()) === 'directory') throw new FileFailure(STATUS.failure, 'is a directory')
    const chunks = async function* () {
      try {
        yield* readChunks(handle)
      } catch (error) {
        throw fileError(error, name, path)
      }
    }
    const stream = Readable.from(chunks(), {objectMode: false, highWaterMark: 1024 * 1024, signal: options?.signal})
    hand(stream)
    await finished(stream).catch(() => undefined)
  } finally {
    await closeHandle(handle).catch(() => undefined)
  }
}

async function makeFolder(
  session: Session,
  path: string,
  mode: number | undefined,
  changeMode: ChangeMode,
): Promise<void> {
  try {
    await session.request(PACKET.mkdir, pathField(path), attributes({}))
  } catch (error) {
    const found = await look(session, path, true)
    if (found !== undefined && typeOf(found) === 'directory') return
    throw error
  }
  await setAttributes(session, path, {mode}, changeMode)
}

async function makeSymlink(session: Session, path: string, target: string): Promise<void> {
  if ((await look(session, path)) !== undefined) throw new FileFailure(STATUS.failure, 'file exists')
  // The order is that of OpenSSH, which all servers have taken over.
  await session.request(PACKET.symlink, pathField(target), pathField(path))
}

/** The SFTP of Incus drops setuid, setgid and sticky, so that a program inside has to set them. */
function changeModeInside(client: Pick<IncusClient, 'operate'>, instance: string): ChangeMode {
  return async (path, mode) => {
    const command = ['chmod', mode.toString(8), path]
    const request = {method: 'POST', path: `/instances/${encodeURIComponent(instance)}/exec`, json: {command}} as const
    const message = `setuid, setgid and sticky (mode ${mode.toString(8)}) need a running machine with chmod`
    const failed = (cause?: unknown) =>
      new OmniError('UNSUPPORTED', `'${instance}': ${message}`, {hint: `omni start ${instance}`, cause})
    const operation = await client.operate(request).catch((error: unknown) => {
      throw failed(error)
    })
    if (operation?.metadata.return !== 0) throw failed()
  }
}

function checkPath(path: string): void {
  if (path.startsWith('/') && !path.includes('\0')) return
  throw new OmniError('USAGE', `'${path}' is no absolute path inside`, {hint: 'omni cp file NAME:/path'})
}

/** The work may go on for a moment when it is given up; it changes one thing at most. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  const given = Promise.withResolvers<never>()
  const abort = () => given.reject(aborted(signal))
  signal.addEventListener('abort', abort, {once: true})
  return Promise.race([work, given.promise]).finally(() => signal.removeEventListener('abort', abort))
}
