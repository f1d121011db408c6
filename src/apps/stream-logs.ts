import type {LogLine} from '@omni-cli/sdk'
import {type OutputFormat, toJson, toYaml} from '@omni-cli/sdk/cli'
import type {LogLevel} from './log-level.ts'
import {formatLogLine, formatPlainLines, type LeveledLine, type LogLineStyle, leveled} from './log-lines.ts'

export interface StreamLogsOptions {
  readonly format: OutputFormat
  readonly follow: boolean
  readonly style: LogLineStyle
  /** Only lines of this level and above. */
  readonly level?: LogLevel | undefined
}

/** Less is gathered before it is written. */
const BATCH_CHARACTERS = 65_536

/**
 * Writes lines as they come: text for a person, a JSON array, a JSON object a line, or items of a YAML list. An array
 * that never ends is no JSON, so following with `json` gives lines as well.
 */
export async function streamLogs(
  pieces: AsyncIterable<readonly LogLine[]>,
  options: StreamLogsOptions,
  write: (text: string) => Promise<void>,
): Promise<void> {
  const {format, follow} = options
  if (format === 'json' && !follow) return writeArray(leveled(pieces, options.level), write)
  let batch = ''
  for await (const text of texts(pieces, options)) {
    batch += text
    if (batch === '' || (!follow && batch.length < BATCH_CHARACTERS)) continue
    await write(batch)
    batch = ''
  }
  if (batch !== '') await write(batch)
}

async function* texts(
  pieces: AsyncIterable<readonly LogLine[]>,
  {format, style, level}: StreamLogsOptions,
): AsyncGenerator<string> {
  const isData = format === 'json' || format === 'jsonl'
  if (style.isPlain === true && level === undefined && !isData && format !== 'yaml') {
    for await (const lines of pieces) yield formatPlainLines(lines, style)
    return
  }
  const textOf = (line: LeveledLine) => (isData ? `${toJson(line, 0)}\n` : formatLogLine(line, style))
  for await (const lines of leveled(pieces, level)) {
    if (format === 'yaml') yield lines.length === 0 ? '' : await toYaml(lines)
    else yield lines.map(textOf).join('')
  }
}

async function writeArray(
  pieces: AsyncIterable<readonly LeveledLine[]>,
  write: (text: string) => Promise<void>,
): Promise<void> {
  let before = '['
  for await (const lines of pieces) {
    if (lines.length === 0) continue
    await write(lines.map((line, index) => `${index === 0 ? before : ','}\n  ${toJson(line, 0)}`).join(''))
    before = ','
  }
  await write(before === '[' ? '[]\n' : '\n]\n')
}
