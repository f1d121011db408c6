import type {LogLine} from '@omni-cli/sdk'

export type LogStream = 'o' | 'e'

/** One line of a log file: `<RFC 3339, ms>Z <o|e> <tag> text`. */
export interface StoredLine {
  readonly time: string
  readonly stream: LogLine['stream']
  /** Which instance wrote it. */
  readonly tag: string
  readonly text: string
}

/** A longer line is split: nobody may make us hold an endless one. */
export const LONGEST_LINE = 64 * 1024

/** Size at which a log file is rotated, and how many are kept in all. */
export const LOG_FILE_BYTES = 10_000_000
export const LOG_FILE_COUNT = 3

/** Whole lines (joined by line ends, none at the end) as they are stored. */
export function formatLines(text: string, stream: LogStream, tag: string): string {
  const prefix = `${new Date().toISOString()} ${stream} ${tag} `
  return `${prefix}${text.replaceAll('\n', `\n${prefix}`)}\n`
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
