import {escapeTerminalLine} from '@omni-cli/sdk'

/** A line that never ends is shown in pieces of this size. */
const LINE_LIMIT = 64 * 1024
const LINE_END = 0x0a
const CARRIAGE_RETURN = 0x0d

export interface PrefixedOutput {
  /** Writes all lines that are whole by now. */
  take(chunk: Buffer): Promise<void>
  /** Writes what is left, as a line. */
  end(): Promise<void>
}

/** Puts a prefix before every line of a stream of bytes. On a terminal the lines are made safe, else they stay as they are. */
export function prefixedOutput(
  prefix: string,
  write: (bytes: Buffer) => Promise<void>,
  {isTerminal}: {readonly isTerminal: boolean},
): PrefixedOutput {
  const head = Buffer.from(prefix)
  let rest: Buffer = Buffer.alloc(0)
  const shown = (line: Buffer): Buffer[] => {
    const text = isTerminal ? Buffer.from(escapeTerminalLine(withoutReturn(line).toString('utf8'))) : line
    return [head, text, Buffer.from('\n')]
  }
  return {
    async take(chunk) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      const lines: Buffer[] = []
      for (let at = lineLength(rest); at !== undefined; at = lineLength(rest)) {
        lines.push(...shown(rest.subarray(0, at)))
        rest = rest.subarray(rest[at] === LINE_END ? at + 1 : at)
      }
      if (lines.length > 0) await write(Buffer.concat(lines))
    },
    async end() {
      const last = rest
      rest = Buffer.alloc(0)
      if (last.length > 0) await write(Buffer.concat(shown(last)))
    },
  }
}

/** Length of the first line, when it is whole or too long to wait for its end. */
function lineLength(bytes: Buffer): number | undefined {
  const end = bytes.indexOf(LINE_END)
  if (end !== -1) return Math.min(end, LINE_LIMIT)
  return bytes.length >= LINE_LIMIT ? LINE_LIMIT : undefined
}

const withoutReturn = (line: Buffer): Buffer => (line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line)
