import type {OpenLog} from './rotated-files.ts'

const BLOCK_BYTES = 64 * 1024
const LINE_END = 0x0a

/** Where to start reading: the index of a file, and the offset in it. */
export interface LogPosition {
  readonly index: number
  readonly offset: number
}

/** The start of the last `count` lines of the files. Reads no more than those lines. */
export async function findTail(logs: readonly OpenLog[], count: number): Promise<LogPosition> {
  // The line end of a line belongs to it, so one more is looked for.
  let wanted = count + 1
  for await (const {index, offset, block} of blocksBackwards(logs)) {
    for (let at = block.lastIndexOf(LINE_END); at >= 0; at = at === 0 ? -1 : block.lastIndexOf(LINE_END, at - 1)) {
      if (--wanted === 0) return {index, offset: offset + at + 1}
    }
  }
  return {index: 0, offset: 0}
}

/** Lines from the newest to the oldest. */
export async function* linesBackwards(logs: readonly OpenLog[]): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const {offset, block} of blocksBackwards(logs)) {
    let end = block.length
    for (let at = block.lastIndexOf(LINE_END); at >= 0; at = at === 0 ? -1 : block.lastIndexOf(LINE_END, at - 1)) {
      const line = Buffer.concat([block.subarray(at + 1, end), rest])
      if (line.length > 0) yield line.toString('utf8')
      rest = Buffer.alloc(0)
      end = at
    }
    rest = Buffer.concat([block.subarray(0, end), rest])
    if (offset > 0) continue
    if (rest.length > 0) yield rest.toString('utf8')
    rest = Buffer.alloc(0)
  }
}

async function* blocksBackwards(logs: readonly OpenLog[]) {
  for (const [index, log] of [...logs.entries()].reverse()) {
    for (let end = await log.size(); end > 0; ) {
      const offset = Math.max(0, end - BLOCK_BYTES)
      const block = Buffer.alloc(end - offset)
      const bytes = await log.read(block, offset)
      yield {index, offset, block: block.subarray(0, bytes)}
      end = offset
    }
  }
}
