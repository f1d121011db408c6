import type {LogLine} from '@omni-cli/sdk'

/** How a file keeps lines: Docker's `json-file`, or that of our own supervisor. */
export type LogFormat = 'json-file' | 'omni'

/** A file with the output of one replica; its rotations stand beside it. */
export interface LogFile {
  readonly replica: string
  readonly path: string
  readonly format: LogFormat
}

/** What a reader of one source begins with. */
export interface ReadStart {
  /** Last N lines only. */
  readonly tail?: number | undefined
  /** RFC 3339 in UTC with milliseconds; older lines are left out. */
  readonly since?: string | undefined
  /** Goes on with what is written later; else it ends with what is there now. */
  readonly follow?: boolean | undefined
}

/** Reads the lines of one source forwards. */
export interface LogReader {
  /** The next lines, at least one; undefined when there are none (yet). */
  next(): Promise<LogLine[] | undefined>
  close(): Promise<void>
}

export interface LineSource {
  /** The same source has the same key whenever it is listed. */
  readonly key: string
  readonly replica: string
  /** Folder whose changes hint at new lines. */
  readonly folder?: string | undefined
  /** @param tell to be called when there is something new, where the folder does not show it */
  open(start: ReadStart, tell: () => void): LogReader
}

/** Lines in the form of a file. */
export interface LineParser {
  /** Adds the lines of a text of whole file lines; what is torn or foreign is left out. */
  parse(text: string, into: LogLine[]): void
  /** Adds what waits for its rest. */
  flush(into: LogLine[]): void
}
