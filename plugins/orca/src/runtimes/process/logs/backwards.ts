import type {OpenLog} from './rotated-files.ts'

const BLOCK_BYTES = 64 * 1024
const LINE_END = 0x0a

/** Where to start reading. */
export interface LogPosition {
  readonly log: OpenLog
  readonly offset: number
}

/** The start of the last `count` lines; undefined when there are no files. Reads no more than those lines. */
export async function findTail(logs: readonly OpenLog[], count: number): Promise<LogPosition | undefined> {
  const newest = logs.at(-1)
  if (newest === undefined || count === 0) return newest && {log: newest, offset: newest.size}
  // The line end of a line belongs to it, so one more is looked for.
  let wanted = count + 1
  for await (const {log, offset, block} of blocksBackwards(logs)) {
    for (let at = block.lastIndexOf(LINE_END); at >= 0; at = at === 0 ? -1 : block.lastIndexOf(LINE_END, at - 1)) {
      if (--wanted === 0) return {log, offset: offset + at + 1}
    }
  }
  return logs[0] && {log: logs[0], offset: 0}
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
  for (const log of logs.toReversed()) {
    for (let end = log.size; end > 0; ) {
      const offset = Math.max(0, end - BLOCK_BYTES)
      const block = Buffer.alloc(end - offset)
      const {bytesRead} = await log.handle.read(block, 0, block.length, offset)
      yield {log, offset, block: block.subarray(0, bytesRead)}
      end = offset
    }
  }
}
