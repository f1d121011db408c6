import {LONGEST_LINE} from '../logs/format.ts'

export interface LineCutter {
  push(chunk: Buffer): void
  /** Gives out what has no line end yet. */
  end(): void
}

const LINE_END = 0x0a

/**
 * Cuts a byte stream into lines. `emit` gets one or more whole lines, joined by line ends, none at the end. A line over
 * 64 KiB is split between characters; bytes that are no UTF-8 become U+FFFD. Chunks may be reused after `push`.
 */
export function createLineCutter(emit: (lines: string) => void): LineCutter {
  let carry: Buffer = Buffer.alloc(0)

  const emitLong = (line: Buffer): Buffer => {
    let rest = line
    while (rest.length > LONGEST_LINE) {
      const cut = characterStart(rest, LONGEST_LINE)
      emit(rest.toString('utf8', 0, cut))
      rest = rest.subarray(cut)
    }
    return rest
  }

  return {
    push(chunk) {
      const lastEnd = chunk.lastIndexOf(LINE_END)
      if (lastEnd < 0) {
        carry = Buffer.from(emitLong(Buffer.concat([carry, chunk])))
        return
      }
      let start = 0
      if (carry.length > 0) {
        start = chunk.indexOf(LINE_END) + 1
        emit(emitLong(Buffer.concat([carry, chunk.subarray(0, start - 1)])).toString('utf8'))
      }
      if (start <= lastEnd) emit(chunk.toString('utf8', start, lastEnd))
      carry = Buffer.from(chunk.subarray(lastEnd + 1))
    },
    end() {
      if (carry.length > 0) emit(emitLong(carry).toString('utf8'))
      carry = Buffer.alloc(0)
    },
  }
}

/** The start of the character that the byte at the index belongs to. */
function characterStart(bytes: Buffer, index: number): number {
  for (let at = index; at > index - 4; at--) {
    if (((bytes[at] ?? 0) & 0xc0) !== 0x80) return at
  }
  return index
}
