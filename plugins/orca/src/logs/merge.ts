import {type LogLine, throwIfAborted} from '@omni-cli/sdk'
import type {LogReader} from './source.ts'

/** A source with what was read of it. */
export interface BufferedSource {
  readonly replica: string
  readonly reader: LogReader
  lines: LogLine[]
  /** Index of the first line that was not given away. */
  next: number
}

/** All lines that are there now, in pieces. */
export async function* mergeByTime(
  sources: readonly BufferedSource[],
  signal: AbortSignal | undefined,
): AsyncGenerator<LogLine[]> {
  let open = [...sources]
  for (;;) {
    throwIfAborted(signal)
    for (const source of open) await fill(source)
    open = open.filter(({lines, next}) => next < lines.length)
    const [only] = open
    if (only === undefined) return
    if (open.length === 1) {
      const lines = only.next === 0 ? only.lines : only.lines.slice(only.next)
      only.lines = []
      only.next = 0
      yield lines
    } else yield mergeReady(open)
  }
}

async function fill(source: BufferedSource): Promise<void> {
  if (source.next < source.lines.length) return
  source.lines = (await source.reader.next()) ?? []
  source.next = 0
}

/** Takes lines until one of the sources has to be read again. */
function mergeReady(sources: readonly BufferedSource[]): LogLine[] {
  const merged: LogLine[] = []
  for (;;) {
    let first: BufferedSource | undefined
    let firstLine: LogLine | undefined
    for (const source of sources) {
      const line = source.lines[source.next]
      if (line === undefined) return merged
      if (firstLine === undefined || line.time < firstLine.time) {
        first = source
        firstLine = line
      }
    }
    if (first === undefined || firstLine === undefined) return merged
    first.next++
    merged.push(firstLine)
  }
}

/** The last lines of each replica, also when several sources are of one. */
export async function* lastOfEach(
  pieces: AsyncIterable<LogLine[]>,
  sources: readonly BufferedSource[],
  count: number,
): AsyncGenerator<LogLine[]> {
  const replicas = new Set(sources.map(({replica}) => replica))
  if (replicas.size === sources.length) {
    yield* pieces
    return
  }
  const lines = (await Array.fromAsync(pieces)).flat()
  const left = new Map([...replicas].map((replica) => [replica, count]))
  const kept = lines.toReversed().filter(({replica}) => {
    const rest = left.get(replica) ?? 0
    left.set(replica, rest - 1)
    return rest > 0
  })
  if (kept.length > 0) yield kept.reverse()
}
