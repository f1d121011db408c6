import {existsSync} from 'node:fs'
import {escapeTerminal, OmniError} from '@omni-cli/sdk'
import {BaseCommand, flag, type ListView, listView, type OutputFormat, type View} from '@omni-cli/sdk/cli'
import {followFile} from '../../client/follow-file.ts'
import {localFiles} from '../../client/local-files.ts'

const DEFAULT_TAIL = 100

export default class ServerLogs extends BaseCommand {
  static override summary = 'show the log of the local engine itself'
  static override description = 'What services print is shown by `omni logs SERVICE`.'
  static override examples = ['<%= config.bin %> server logs', '<%= config.bin %> server logs --follow --tail 20']
  static override flags = {follow: flag.follow, tail: flag.tail}

  async run(): Promise<View | undefined> {
    const {flags} = await this.parse(ServerLogs)
    if (flags.follow) requireEndless(this.format)
    const {home} = await this.session()
    const path = localFiles(home).log
    if (!existsSync(path)) {
      throw new OmniError('NOT_FOUND', 'the local engine has never been started here', {hint: 'omni server start'})
    }
    const lines = followFile(path, {tail: flags.tail ?? DEFAULT_TAIL, follow: flags.follow, signal: this.signal})
    if (!isForPerson(this.format)) return linesView(lines)
    for await (const line of lines) await this.write(`${escapeTerminal(line)}\n`)
    return undefined
  }
}

const isForPerson = (format: OutputFormat): boolean => format === 'table' || format === 'wide'

/** USAGE for a document, whose end would never come. */
function requireEndless(format: OutputFormat): void {
  if (isForPerson(format) || format === 'jsonl') return
  throw new OmniError('USAGE', `--follow never ends, so its output cannot be ${format}`, {
    hint: 'omni server logs --follow --output jsonl',
  })
}

/** `{"text": …}` for each line. */
const linesView = (lines: AsyncIterable<string>): ListView<{text: string}> =>
  listView({
    columns: [{header: 'TEXT', value: ({text}: {text: string}) => text}],
    rows: asRows(lines),
    ref: ({text}) => text,
    empty: 'the log is empty',
  })

async function* asRows(lines: AsyncIterable<string>): AsyncGenerator<{text: string}> {
  for await (const text of lines) yield {text}
}
