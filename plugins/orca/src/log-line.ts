import {writeSync} from 'node:fs'

/** Writes a line to stderr, which the starter has led to a log file. A full disk loses the line, never the program. */
export function logLine(text: string): void {
  try {
    writeSync(2, `${text}\n`)
  } catch {
    // `process.stderr` would end the program here, or never write again.
  }
}
