import type {OpenLog} from './rotated-files.ts'
import type {LogFile} from './source.ts'

const BLOCK_BYTES = 64 * 1024
const LINE_END = 0x0a
/** Two streams of a program are not in strict order. */
const MARGIN_MS = 1_000

const TIMES = {
  omni: /^(\d{4}-\d\d-\d\dT[\d:.]+Z) /m,
  'json-file': /"time":"(\d{4}-\d\d-\d\dT[\d:.]+Z)"\}$/m,
} as const satisfies Record<LogFile['format'], RegExp>

/** Offset of a line before which all are older; found by halving, since lines are in the order of their times. */
export async function findSince(log: OpenLog, since: string, {format}: Pick<LogFile, 'format'>): Promise<number> {
  const wantedMs = Date.parse(since) - MARGIN_MS
  const block = Buffer.allocUnsafe(BLOCK_BYTES)
  let before = 0
  let after = await log.size()
  while (after - before > BLOCK_BYTES) {
    const middle = Math.floor((before + after) / 2)
    const part = block.subarray(0, await log.read(block, middle))
    const lineStart = part.indexOf(LINE_END) + 1
    const time = TIMES[format].exec(part.subarray(lineStart, part.lastIndexOf(LINE_END) + 1).toString('latin1'))?.[1]
    if (time === undefined || lineStart === 0) break
    if (Date.parse(time) >= wantedMs) after = middle
    else before = middle + lineStart
  }
  return before
}
