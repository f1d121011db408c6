export type LogStream = 'o' | 'e'

/** A longer line is split: nobody may make us hold an endless one. */
export const LONGEST_LINE = 64 * 1024

/** Size at which a log file is rotated, and how many are kept in all. */
export const LOG_FILE_BYTES = 10_000_000
export const LOG_FILE_COUNT = 3

/** Whole lines (joined by line ends, none at the end) as they are stored: see `parseStoredLine`. */
export function formatLines(text: string, stream: LogStream, tag: string): string {
  const prefix = `${new Date().toISOString()} ${stream} ${tag} `
  return `${prefix}${text.replaceAll('\n', `\n${prefix}`)}\n`
}
