import {open, stat} from 'node:fs/promises'
import {sleep, throwIfAborted} from '@omni-cli/sdk'
import {lastLines} from './local-server.ts'

export interface FollowOptions {
  /** Last lines to begin with. */
  readonly tail: number
  readonly follow: boolean
  readonly signal?: AbortSignal | undefined
}

const LOOK_MS = 200
const CHUNK_BYTES = 256 * 1024

/** Lines of a text file, then new ones until ABORTED; a file that was cut or replaced is read from its start. */
export async function* followFile(path: string, {tail, follow, signal}: FollowOptions): AsyncGenerator<string> {
  let {size: position, ino} = await stat(path)
  yield* await lastLines(path, tail)
  let rest = ''
  while (follow) {
    throwIfAborted(signal)
    const now = await stat(path).catch(() => undefined)
    if (now !== undefined && (now.ino !== ino || now.size < position)) {
      ino = now.ino
      position = 0
      rest = ''
    }
    const chunk = now === undefined || now.size <= position ? undefined : await readAt(path, position)
    if (chunk === undefined) {
      await sleep(LOOK_MS, signal)
      continue
    }
    position += chunk.length
    const lines = (rest + chunk.toString('utf8')).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}

async function readAt(path: string, position: number): Promise<Buffer> {
  const file = await open(path)
  try {
    const {buffer, bytesRead} = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, position)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
