import {type FileHandle, open, readdir, readFile, stat} from 'node:fs/promises'
import {basename, dirname, join} from 'node:path'
import {promisify} from 'node:util'

/** One file of a rotated log, held open: it stays readable when it is rotated away. */
export interface OpenLog {
  readonly inode: number
  readonly changedAtMs: number
  /** Bytes that are there now. */
  size(): Promise<number>
  /** Fills the buffer from this offset of the file; gives the number of bytes. */
  read(into: Buffer, offset: number): Promise<number>
  close(): Promise<void>
}

/** Rotations while we look: after so many tries what was found has to do. */
const ATTEMPTS = 5

/** Files of the log that are there, oldest first, each once: `path`, `path.1` … and what is compressed of them. */
export async function openRotated(path: string): Promise<OpenLog[]> {
  for (let attempt = 1; ; attempt++) {
    const newest = await inodeOf(path)
    const found: OpenLog[] = []
    for (const file of await rotations(path)) {
      const log = await openLog(file)
      // A rotation while we look shows the same file under two names.
      if (log !== undefined && found.some(({inode}) => inode === log.inode)) await log.close()
      else if (log !== undefined) found.push(log)
    }
    if (attempt >= ATTEMPTS || newest === (await inodeOf(path))) return found
    await closeAll(found)
  }
}

export const closeAll = async (logs: readonly OpenLog[]): Promise<void> => {
  await Promise.all(logs.map((log) => log.close()))
}

const inodeOf = async (path: string): Promise<number | undefined> => (await stat(path).catch(() => undefined))?.ino

/** Paths from the oldest to the newest. */
async function rotations(path: string): Promise<string[]> {
  const [folder, name] = [dirname(path), basename(path)]
  const files = await readdir(folder).catch(ifAbsent<string[]>([]))
  const numbers = new Map<number, string>()
  for (const file of files) {
    if (!file.startsWith(name)) continue
    const number = /^(?:\.(\d{1,4})(\.gz)?)?$/.exec(file.slice(name.length))
    if (number === null) continue
    const index = Number(number[1] ?? 0)
    // While it is compressed, both are there.
    if (number[2] === undefined || !numbers.has(index)) numbers.set(index, join(folder, file))
  }
  return [...numbers].sort(([a], [b]) => b - a).map(([, file]) => file)
}

async function openLog(path: string): Promise<OpenLog | undefined> {
  const handle = await open(path, 'r').catch(ifAbsent<FileHandle | undefined>(undefined))
  if (handle === undefined) return undefined
  const {ino, mtimeMs} = await handle.stat()
  if (path.endsWith('.gz')) return {inode: ino, changedAtMs: mtimeMs, ...compressed(handle)}
  return {
    inode: ino,
    changedAtMs: mtimeMs,
    size: async () => (await handle.stat()).size,
    read: async (into, offset) => (await handle.read(into, 0, into.length, offset)).bytesRead,
    close: () => handle.close(),
  }
}

/** Unpacked when it is needed; of a torn file as much as there is. */
function compressed(handle: FileHandle): Pick<OpenLog, 'size' | 'read' | 'close'> {
  let content: Promise<Buffer> | undefined
  const load = async (): Promise<Buffer> => {
    const {constants, gunzip} = await import('node:zlib')
    const packed = await readFile(handle)
    return promisify(gunzip)(packed, {finishFlush: constants.Z_SYNC_FLUSH}).catch(() => Buffer.alloc(0))
  }
  const loaded = () => (content ??= load())
  return {
    size: async () => (await loaded()).length,
    read: async (into, offset) => (await loaded()).copy(into, 0, offset),
    close: () => handle.close(),
  }
}

const ifAbsent =
  <T>(value: T) =>
  (error: unknown): T => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return value
    throw error
  }
