import type {LogLine} from '@omni-cli/sdk'
import type {LineParser} from './source.ts'

/** One line of a log file of ours: `<RFC 3339, ms>Z <o|e> <tag> text`. */
export interface StoredLine {
  readonly time: string
  readonly stream: LogLine['stream']
  /** Which instance wrote it. */
  readonly tag: string
  readonly text: string
}

const TIME_LENGTH = 24

/** Undefined for a line that a power cut or a full disk has torn. */
export function parseStoredLine(line: string): StoredLine | undefined {
  const tagEnd = line.indexOf(' ', TIME_LENGTH + 3)
  const mark = line[TIME_LENGTH + 1]
  if (tagEnd < 0 || line[TIME_LENGTH - 1] !== 'Z' || line[TIME_LENGTH] !== ' ') return undefined
  if (mark !== 'o' && mark !== 'e') return undefined
  return {
    time: line.slice(0, TIME_LENGTH),
    stream: mark === 'o' ? 'stdout' : 'stderr',
    tag: line.slice(TIME_LENGTH + 3, tagEnd),
    text: line.slice(tagEnd + 1),
  }
}

export const createStoredParser = (replica: string): LineParser => ({
  parse(text, into) {
    for (const one of text.split('\n')) {
      const line = parseStoredLine(one)
      if (line !== undefined) into.push({time: line.time, stream: line.stream, replica, text: line.text})
    }
  },
  flush: () => undefined,
})
