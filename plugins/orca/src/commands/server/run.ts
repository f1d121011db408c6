import * as Flags from '@oclif/core/flags'
import {OmniError} from '@omni-cli/sdk'
import {BaseCommand} from '@omni-cli/sdk/cli'
import {programPath} from '../../programs.ts'

export default class ServerRun extends BaseCommand {
  static override summary = 'run the local engine in the foreground, for service managers and containers'
  static override description = 'This process becomes the server: its log goes to stderr, SIGTERM and Ctrl-C end it.'
  static override examples = ['<%= config.bin %> server run', '<%= config.bin %> server run --listen 0.0.0.0:6880']
  static override flags = {
    listen: Flags.string({summary: 'address of the API', helpValue: 'HOST:PORT'}),
  }

  async run(): Promise<undefined> {
    const {flags} = await this.parse(ServerRun)
    const {home} = await this.session()
    const listen = flags.listen === undefined ? [] : ['--listen', flags.listen]
    if (process.execve === undefined || process.platform === 'win32') {
      throw new OmniError('UNSUPPORTED', 'this system cannot replace a running program', {hint: 'omni server start'})
    }
    process.execve(process.execPath, [process.execPath, programPath('server'), '--home', home, ...listen], process.env)
    return undefined
  }
}
