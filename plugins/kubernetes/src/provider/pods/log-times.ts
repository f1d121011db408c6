import type {LogLine} from '@omni-cli/sdk'

/** A line with the whole of its time: that of a LogLine has milliseconds. */
export interface StampedLine extends LogLine {
  /** RFC 3339 with nine digits, in UTC: comparable as text. */
  readonly stamp: string
}

const STAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d) ?/

/** `2026-01-01T00:00:00.5Z text`; undefined for what does not begin with a time. */
export function parseLine(text: string, replica: string): StampedLine | undefined {
  const [head, second = '', fraction = '', zone = 'Z'] = STAMP.exec(text) ?? []
  if (head === undefined) return undefined
  const utc = zone === 'Z' ? second : new Date(`${second}${zone}`).toISOString().slice(0, 19)
  const digits = fraction.padEnd(9, '0')
  const line = text.slice(head.length)
  return {
    stamp: `${utc}.${digits}Z`,
    time: `${utc}.${digits.slice(0, 3)}Z`,
    stream: 'stdout',
    replica,
    text: line.endsWith('\r') ? line.slice(0, -1) : line,
  }
}

/** Lines of a stream that comes in pieces of any size. A last one without an end is a line, too. */
export async function* linesOf(stream: AsyncIterable<Buffer | string>): AsyncGenerator<string[]> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + (typeof chunk === 'string' ? chunk : decoder.decode(chunk, {stream: true}))).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > LINE_LIMIT) {
      lines.push(rest)
      rest = ''
    }
    if (lines.length > 0) yield lines
  }
  if (rest !== '') yield [rest]
}

/** A line that does not end is given out in parts. */
const LINE_LIMIT = 4 * 1024 * 1024

/** Where reading can go on: the API server's `sinceTime` knows only whole seconds, so it tells lines again. */
export function lineMark() {
  let last: string | undefined
  let count = 0
  return {
    /** RFC 3339; undefined before the first line. */
    since: (): string | undefined => last,
    /** What to leave out at the begin of a stream that is asked for with `since()`. */
    resume() {
      const [until, same] = [last, count]
      let seen = 0
      return ({stamp}: StampedLine): boolean => {
        if (until === undefined || stamp > until) return true
        return stamp === until && ++seen > same
      }
    },
    take({stamp}: StampedLine): void {
      count = stamp === last ? count + 1 : 1
      last = stamp
    },
  }
}

export type LineMark = ReturnType<typeof lineMark>

export const inOrder = (lines: readonly StampedLine[]): StampedLine[] =>
  lines.toSorted((a, b) => (a.stamp < b.stamp ? -1 : a.stamp > b.stamp ? 1 : 0))

export const withoutStamp = ({stamp: _, ...line}: StampedLine): LogLine => line
