import {existsSync} from 'node:fs'
import {escapeTerminal, OmniError} from '@omni-cli/sdk'
import {BaseCommand, flag} from '@omni-cli/sdk/cli'
import {followFile} from '../../client/follow-file.ts'
import {localFiles} from '../../client/local-files.ts'

const DEFAULT_TAIL = 100

export default class ServerLogs extends BaseCommand {
  static override summary = 'show the log of the local engine itself'
  static override description = 'What services print is shown by `omni logs SERVICE`.'
  static override examples = ['<%= config.bin %> server logs', '<%= config.bin %> server logs --follow --tail 20']
  static override flags = {follow: flag.follow, tail: flag.tail}

  async run(): Promise<undefined> {
    const {flags} = await this.parse(ServerLogs)
    const {home} = await this.session()
    const path = localFiles(home).log
    if (!existsSync(path)) {
      throw new OmniError('NOT_FOUND', 'the local engine has never been started here', {hint: 'omni server start'})
    }
    const isText = this.format === 'table' || this.format === 'wide'
    const lines = followFile(path, {tail: flags.tail ?? DEFAULT_TAIL, follow: flags.follow, signal: this.signal})
    for await (const line of lines) {
      await this.write(isText ? `${escapeTerminal(line)}\n` : `${JSON.stringify({text: line})}\n`)
    }
    return undefined
  }
}
