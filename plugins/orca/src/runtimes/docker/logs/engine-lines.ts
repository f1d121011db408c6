import type {LogLine} from '@omni-cli/sdk'
import {createJoiner, type Entry, PIECE_BYTES} from '../../../logs/json-file.ts'
import type {ReadStart} from '../../../logs/source.ts'
import type {Engine} from '../engine/engine.ts'
import {readFrames} from '../exec/frames.ts'

export interface EngineLogRequest extends ReadStart {
  readonly id: string
  readonly replica: string
  readonly hasTerminal: boolean
  /** RFC 3339 with nanoseconds, as the Engine gave it: from this moment on. */
  readonly after?: string | undefined
  readonly signal: AbortSignal
  /** False for an entry that was there before. */
  readonly isNew: (entry: Entry) => boolean
}

const LINE_END = 0x0a
/** `2026-01-31T12:00:00.123456789Z ` */
const TIME_BYTES = 31
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z $/

/** Lines of a container as the Engine tells them, in pieces; with `follow` until the container ends. */
export async function* readEngineLines(engine: Engine, request: EngineLogRequest): AsyncGenerator<LogLine[]> {
  const {id, hasTerminal, after, since, tail, follow = false, signal} = request
  const answer = await engine.stream('GET', `/containers/${encodeURIComponent(id)}/logs`, {
    query: {
      ...{stdout: true, stderr: true, timestamps: true, follow},
      tail: after === undefined ? (tail ?? 'all') : 'all',
      since: unixTime(after ?? since),
    },
    signal,
    timeoutMs: follow ? 0 : undefined,
  })
  const joiner = createJoiner(request.replica)
  try {
    for await (const entries of hasTerminal ? rawEntries(answer) : frameEntries(answer)) {
      const lines: LogLine[] = []
      for (const entry of entries) {
        if (request.isNew(entry)) joiner.add(entry, lines)
      }
      if (lines.length > 0) yield lines
    }
    const last: LogLine[] = []
    joiner.flush(last)
    if (last.length > 0) yield last
  } finally {
    answer.destroy()
  }
}

/** Seconds with nanoseconds. */
function unixTime(time: string | undefined): string | undefined {
  if (time === undefined) return undefined
  const fraction = /\.(\d+)/.exec(time)?.[1] ?? '0'
  return `${Math.floor(Date.parse(time) / 1000)}.${fraction.padEnd(9, '0')}`
}

async function* frameEntries(answer: AsyncIterable<Buffer>): AsyncGenerator<Entry[]> {
  for await (const {stream, chunk} of readFrames(answer)) yield [{...cutTime(chunk), stream}]
}

/** With a terminal the Engine sends the bare text; each message begins with its time. */
async function* rawEntries(answer: AsyncIterable<Buffer>): AsyncGenerator<Entry[]> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const part of answer) {
    const all = Buffer.concat([rest, part])
    const end = all.lastIndexOf(LINE_END) + 1
    rest = all.subarray(end)
    const entries: Entry[] = []
    for (let at = 0; at < end; ) {
      const next = all.indexOf(LINE_END, at) + 1
      entries.push(...piecesOf(all.subarray(at, next)))
      at = next
    }
    yield entries
  }
  if (rest.length > 0) yield piecesOf(rest)
}

/** A long line has a time inside wherever it was cut. */
function piecesOf(line: Buffer): Entry[] {
  const pieces: Entry[] = []
  const step = TIME_BYTES + PIECE_BYTES
  let at = 0
  while (TIME.test(line.toString('latin1', at + step, at + step + TIME_BYTES))) {
    pieces.push({...cutTime(line.subarray(at, at + step)), stream: 'stdout'})
    at += step
  }
  return [...pieces, {...cutTime(line.subarray(at)), stream: 'stdout'}]
}

function cutTime(message: Buffer): {readonly time: string; readonly text: string} {
  const end = message.indexOf(' ')
  return {time: message.toString('latin1', 0, Math.max(end, 0)), text: message.toString('utf8', end + 1)}
}
