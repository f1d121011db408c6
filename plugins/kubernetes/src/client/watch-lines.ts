import {type ApiObject, OmniError} from '@omni-cli/sdk'

export interface WatchLine {
  /** `ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK`, `ERROR` */
  readonly type: string
  readonly object: ApiObject
}

/** An object is at most a few MiB; more without an end of line is no watch. */
const MAX_LINE_BYTES = 64 * 1024 * 1024
const NEWLINE = 10

/** One JSON document in each line. What a cut connection leaves of a line is dropped: it is sent again. */
export async function* watchLines(body: AsyncIterable<Buffer>): AsyncGenerator<WatchLine> {
  let parts: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    let from = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      const line = Buffer.concat([...parts, chunk.subarray(from, end)]).toString('utf8')
      parts = []
      size = 0
      from = end + 1
      if (line.trim() !== '') yield parseLine(line)
    }
    if (from === chunk.length) continue
    parts.push(chunk.subarray(from))
    size += chunk.length - from
    if (size > MAX_LINE_BYTES) throw new OmniError('IO', 'the API server sent a line of more than 64 MiB')
  }
}

function parseLine(line: string): WatchLine {
  try {
    const parsed: unknown = JSON.parse(line)
    if (isWatchLine(parsed)) return parsed
  } catch {
    // A proxy that writes into the stream.
  }
  throw new OmniError('UNAVAILABLE', 'the API server sent something that is no event', {retryable: true})
}

const isWatchLine = (value: unknown): value is WatchLine =>
  typeof value === 'object' &&
  value !== null &&
  'type' in value &&
  typeof value.type === 'string' &&
  'object' in value &&
  typeof value.object === 'object' &&
  value.object !== null &&
  (value.type === 'ERROR' || 'metadata' in value.object)
