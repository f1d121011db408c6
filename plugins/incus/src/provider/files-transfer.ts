import {throwIfAborted} from '@omni-cli/sdk'
import {type OPEN, PACKET, path as pathField, sized, uint32, uint64} from './files-packets.ts'
import type {Session} from './files-session.ts'

/** What servers give at once, and how much of it is asked ahead at most. */
const READ_BYTES = 32 * 1024
const READS_AHEAD = 64
/** Servers work on several writes side by side; larger ones are slower. */
const WRITE_BYTES = 32 * 1024
const WRITES_AHEAD = 64

/** An open file. */
export interface Handle {
  readonly session: Session
  readonly id: Buffer
}

export async function openFile(session: Session, path: string, ...flags: (typeof OPEN)[keyof typeof OPEN][]) {
  const mode = flags.reduce<number>((all, flag) => all | flag, 0)
  const {body} = await session.request(PACKET.open, pathField(path), uint32(mode), uint32(0))
  return {session, id: Buffer.from(body.bytes())} satisfies Handle
}

export async function closeHandle({session, id}: Handle): Promise<void> {
  await session.request(PACKET.close, sized(id))
}

/** The content of an open file, asked ahead more and more while it goes on. */
export async function* readChunks(handle: Handle): AsyncGenerator<Buffer> {
  const ahead: Promise<Buffer[]>[] = []
  let offset = 0
  for (let depth = 2; ; depth = Math.min(READS_AHEAD, depth + 1)) {
    for (; ahead.length < depth; offset += READ_BYTES) ahead.push(seen(readPiece(handle, offset)))
    const parts = (await ahead.shift()) ?? []
    yield* parts
    if (lengthOf(parts) < READ_BYTES) return
  }
}

/** One whole piece, less only at the end of the file: a reply may be shorter than what was asked for. */
async function readPiece({session, id}: Handle, offset: number): Promise<Buffer[]> {
  const parts: Buffer[] = []
  for (let got = 0; got < READ_BYTES; got = lengthOf(parts)) {
    const reply = await session.request(PACKET.read, sized(id), uint64(offset + got), uint32(READ_BYTES - got))
    if (reply.kind === PACKET.status) break
    parts.push(reply.body.bytes())
  }
  return parts
}

/** Writes all of the content from the start of an open file; resolves when the other side has all of it. */
export async function writeChunks(
  {session, id}: Handle,
  content: NodeJS.ReadableStream,
  signal?: AbortSignal | undefined,
): Promise<void> {
  const ahead: Promise<unknown>[] = []
  let offset = 0
  for await (const piece of content) {
    const chunk = typeof piece === 'string' ? Buffer.from(piece) : piece
    for (let at = 0; at < chunk.length; at += WRITE_BYTES) {
      throwIfAborted(signal)
      const part = chunk.subarray(at, at + WRITE_BYTES)
      ahead.push(seen(session.request(PACKET.write, sized(id), uint64(offset), uint32(part.length), part)))
      offset += part.length
      if (ahead.length >= WRITES_AHEAD) await ahead.shift()
    }
  }
  await Promise.all(ahead)
}

/** Whoever takes it looks at its failure; until then it is not unhandled. */
function seen<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}

const lengthOf = (parts: readonly Buffer[]): number => parts.reduce((sum, part) => sum + part.length, 0)
