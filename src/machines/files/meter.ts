import {Readable} from 'node:stream'
import {formatBytes} from '@omni-cli/sdk'

/** A person sees no more than this. */
const TELL_EVERY_MS = 100

export interface Meter {
  readonly bytes: number
  /** From now on it is told how much there is in all. */
  expect(bytes: number | undefined): void
  /** The same stream, counted. */
  count(stream: NodeJS.ReadableStream): Readable
}

/** Counts the bytes of all streams together, and tells them: `12Mi of 1Gi, 85Mi/s`. */
export function createMeter(onProgress: (note: string) => void, totalBytes?: number | undefined): Meter {
  let bytes = 0
  let total = totalBytes
  const startedAt = performance.now()
  let toldAt = startedAt
  const tell = (): void => {
    const now = performance.now()
    if (now - toldAt < TELL_EVERY_MS) return
    toldAt = now
    const speed = Math.round((bytes / (now - startedAt)) * 1000)
    onProgress(
      `${formatBytes(bytes)}${total === undefined ? '' : ` of ${formatBytes(total)}`}, ${formatBytes(speed)}/s`,
    )
  }
  async function* counted(stream: NodeJS.ReadableStream): AsyncGenerator<Buffer> {
    for await (const chunk of stream) {
      const piece = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk)
      bytes += piece.length
      tell()
      yield piece
    }
  }
  return {
    get bytes() {
      return bytes
    },
    expect(wanted) {
      total = wanted
    },
    count: (stream) => Readable.from(counted(stream), {objectMode: false}),
  }
}
