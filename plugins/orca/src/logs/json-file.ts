import type {LogLine} from '@omni-cli/sdk'
import type {LineParser} from './source.ts'

type Stream = LogLine['stream']

/** Docker cuts longer lines into entries of this size; a shorter one without a line end was a program's last words. */
export const PIECE_BYTES = 16 * 1024
/** A longer line is split: nobody may make us hold an endless one. */
const LONGEST_LINE = 1024 * 1024

const HEAD = '{"log":"'
const TAILS: readonly (readonly [tail: string, stream: Stream])[] = [
  ['\\n","stream":"stdout","time":"', 'stdout'],
  ['\\n","stream":"stderr","time":"', 'stderr'],
]
const TAIL_LENGTH = 30
const QUOTE = 0x22
/** `2026-01-31T12:00:00.123` of `2026-01-31T12:00:00.123456789Z`. */
const MS_LENGTH = 23
const TIME_LENGTH = 30
const NORMAL_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,9}Z$/

export interface Entry {
  readonly text: string
  readonly stream: Stream
  readonly time: string
}

/** Docker's `json-file`: `{"log":"text\n","stream":"stdout","time":"…"}`, one entry a line. */
export function createJsonFileParser(replica: string): LineParser {
  const joiner = createJoiner(replica)
  return {
    parse(text, into) {
      for (let at = 0; at < text.length; ) {
        const found = text.indexOf('\n', at)
        const end = found < 0 ? text.length : found
        const plain = joiner.isWaiting ? undefined : plainLine(text, at, end, replica)
        if (plain !== undefined) into.push(plain)
        else joiner.add(parseEntry(text.slice(at, end)), into)
        at = end + 1
      }
    },
    flush: joiner.flush,
  }
}

/** Lines of entries: the pieces of a long line are one. */
export function createJoiner(replica: string) {
  const waiting = new Map<Stream, Entry>()
  const emit = ({time, stream, text}: Entry, into: LogLine[]) =>
    into.push({time: timeOf(time), stream, replica, text: text.endsWith('\r') ? text.slice(0, -1) : text})
  return {
    get isWaiting() {
      return waiting.size > 0
    },
    add(entry: Entry | undefined, into: LogLine[]) {
      if (entry === undefined) return
      const before = waiting.get(entry.stream)
      const isEnded = entry.text.endsWith('\n')
      const text = (before?.text ?? '') + (isEnded ? entry.text.slice(0, -1) : entry.text)
      const whole = {time: before?.time ?? entry.time, stream: entry.stream, text}
      if (isEnded || !isPiece(entry.text) || text.length >= LONGEST_LINE) {
        waiting.delete(entry.stream)
        emit(whole, into)
      } else waiting.set(entry.stream, whole)
    },
    flush(into: LogLine[]) {
      for (const entry of waiting.values()) emit(entry, into)
      waiting.clear()
    },
  }
}

const isPiece = (text: string): boolean => text.length >= PIECE_BYTES || Buffer.byteLength(text) >= PIECE_BYTES

/** The common case without a parser of JSON: one whole line, nothing escaped but its end. */
function plainLine(text: string, at: number, end: number, replica: string): LogLine | undefined {
  const timeEnd = end - 2
  const isUsual = text.charCodeAt(timeEnd - TIME_LENGTH - 1) === QUOTE
  const timeStart = isUsual ? timeEnd - TIME_LENGTH : text.lastIndexOf('"', timeEnd - 1) + 1
  const bodyEnd = timeStart - TAIL_LENGTH
  const bodyStart = at + HEAD.length
  if (bodyEnd < bodyStart || !text.startsWith(HEAD, at) || !text.startsWith('Z"}', timeEnd - 1)) return undefined
  if (text.indexOf('\\', bodyStart) !== bodyEnd || timeEnd - timeStart <= MS_LENGTH) return undefined
  // A quote that is not escaped: two entries in one line, since the first one was torn.
  if (text.indexOf('"', bodyStart) !== bodyEnd + 2) return undefined
  for (const [tail, stream] of TAILS) {
    if (!text.startsWith(tail, bodyEnd)) continue
    return {
      time: `${text.slice(timeStart, timeStart + MS_LENGTH)}Z`,
      stream,
      replica,
      text: text.slice(bodyStart, bodyEnd),
    }
  }
  return undefined
}

/** An entry; undefined for a line that a power cut or a full disk has torn. What stands whole behind a torn one is kept. */
function parseEntry(line: string): Entry | undefined {
  return readEntry(line) ?? readEntry(line.slice(Math.max(0, line.lastIndexOf(HEAD))))
}

function readEntry(line: string): Entry | undefined {
  let fields: unknown
  try {
    fields = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof fields !== 'object' || fields === null || !('log' in fields) || !('time' in fields)) return undefined
  const {log: text, time} = fields
  if (typeof text !== 'string' || typeof time !== 'string' || Number.isNaN(Date.parse(time))) return undefined
  return {text, time, stream: 'stream' in fields && fields.stream === 'stderr' ? 'stderr' : 'stdout'}
}

/** In UTC with milliseconds. */
const timeOf = (time: string): string =>
  NORMAL_TIME.test(time) ? `${time.slice(0, MS_LENGTH)}Z` : new Date(time).toISOString()
