import {type OutputFormat, toJson, toYaml} from '@omni-cli/sdk/cli'
import {formatLogLine, type LeveledLine, type LogLineStyle} from './log-lines.ts'

/**
 * Writes lines as they come: text for a person, a JSON array, a JSON object a line, or items of a YAML list. An array
 * that never ends is no JSON, so following with `json` gives lines as well.
 */
export async function streamLogs(
  lines: AsyncIterable<LeveledLine>,
  options: {readonly format: OutputFormat; readonly follow: boolean; readonly style: LogLineStyle},
  write: (text: string) => Promise<void>,
): Promise<void> {
  const {format, follow, style} = options
  if (format === 'json' && !follow) return writeArray(lines, write)
  const isData = format === 'json' || format === 'jsonl'
  const toText = (line: LeveledLine) => {
    if (format === 'yaml') return toYaml([line])
    return isData ? `${toJson(line, 0)}\n` : formatLogLine(line, style)
  }
  if (follow) {
    for await (const line of lines) await write(await toText(line))
    return
  }
  let batch = ''
  for await (const line of lines) {
    batch += await toText(line)
    if (batch.length < 65_536) continue
    await write(batch)
    batch = ''
  }
  if (batch !== '') await write(batch)
}

async function writeArray(lines: AsyncIterable<LeveledLine>, write: (text: string) => Promise<void>): Promise<void> {
  let before = '['
  for await (const line of lines) {
    await write(`${before}\n  ${toJson(line, 0)}`)
    before = ','
  }
  await write(before === '[' ? '[]\n' : '\n]\n')
}
