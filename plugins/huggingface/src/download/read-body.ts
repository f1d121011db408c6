import {crc32} from 'node:zlib'
import {OmniError} from '@omni-cli/sdk'
import type {Run} from './job.ts'

/** Takes bytes in their order; what it resolves when a chunk is whole is waited for. */
export interface Sink {
  /** Position is that in the file. */
  write(buffers: readonly Buffer[], position: number): Promise<void>
  chunk(index: number, checksum: number): Promise<void>
}

/** A run, and where its reading is. */
export interface RunState extends Run {
  readonly chunkBytes: number
  /** Of the chunk that is being read. */
  checksum: number
}

interface Reading {
  readonly state: RunState
  readonly sink: Sink
}

const WRITE_BYTES = 1024 * 1024

/** Reads the bytes of a run from an answer; what has come before a cut is written. UNAVAILABLE when it is cut. */
export async function readBody(
  body: AsyncIterable<Buffer>,
  {state, sink, skip, onData}: Reading & {readonly skip: number; onData(bytes: number): void},
): Promise<void> {
  const batch = createBatch(state, sink)
  let left = skip
  try {
    for await (const data of body) {
      onData(data.length)
      const skipped = Math.min(left, data.length)
      left -= skipped
      const rest = await takeBytes(data.subarray(skipped), {state, sink, batch})
      // More than was asked for; a connection that is read to its end can be used again.
      if (rest > 0) return
    }
  } finally {
    // What has come before a cut is kept: the next request begins after it.
    await batch.flush()
  }
  if (state.position < state.end) throw new OmniError('UNAVAILABLE', 'the connection was cut', {retryable: true})
}

/** Bytes that have come and are not written yet. */
interface Batch {
  readonly bytes: () => number
  add(buffer: Buffer): void
  flush(): Promise<void>
}

function createBatch(state: RunState, sink: Sink): Batch {
  let buffers: Buffer[] = []
  let bytes = 0
  return {
    bytes: () => bytes,
    add(buffer) {
      buffers.push(buffer)
      bytes += buffer.length
    },
    async flush() {
      const [taken, start] = [buffers, state.position - bytes]
      buffers = []
      bytes = 0
      if (taken.length > 0) await sink.write(taken, start)
    },
  }
}

/** Takes what belongs to the run, chunk by chunk; resolves to the number of bytes beyond its end. */
async function takeBytes(data: Buffer, {state, sink, batch}: Reading & {readonly batch: Batch}): Promise<number> {
  let buffer = data
  while (buffer.length > 0 && state.position < state.end) {
    const chunkEnd = Math.min(state.end, (Math.floor(state.position / state.chunkBytes) + 1) * state.chunkBytes)
    const part = buffer.subarray(0, chunkEnd - state.position)
    buffer = buffer.subarray(part.length)
    state.checksum = crc32(part, state.checksum)
    state.position += part.length
    batch.add(part)
    const isEnd = state.position === chunkEnd
    if (isEnd || batch.bytes() >= WRITE_BYTES) await batch.flush()
    if (isEnd) await endChunk(state, sink)
  }
  return buffer.length
}

async function endChunk(state: RunState, sink: Sink): Promise<void> {
  const {checksum} = state
  state.checksum = 0
  await sink.chunk(Math.floor((state.position - 1) / state.chunkBytes), checksum)
}
