import {Readable} from 'node:stream'
import {formatBytes} from '@omni-cli/sdk'

/** A person sees no more than this. */
const TELL_EVERY_MS = 100

export interface Meter {
  readonly bytes: number
  /** The same stream, counted. */
  count(stream: NodeJS.ReadableStream): Readable
}

/** Counts the bytes of all streams together, and tells them: `12Mi of 1Gi, 85Mi/s`. */
export function createMeter(onProgress: (note: string) => void, totalBytes?: number | undefined): Meter {
  let bytes = 0
  const startedAt = performance.now()
  let toldAt = startedAt
  const tell = (): void => {
    const now = performance.now()
    if (now - toldAt < TELL_EVERY_MS) return
    toldAt = now
    const speed = Math.round((bytes / (now - startedAt)) * 1000)
    onProgress(
      `${formatBytes(bytes)}${totalBytes === undefined ? '' : ` of ${formatBytes(totalBytes)}`}, ${formatBytes(speed)}/s`,
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
    count: (stream) => Readable.from(counted(stream), {objectMode: false}),
  }
}
