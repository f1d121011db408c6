import * as Flags from '@oclif/core/flags'
import {OmniError} from '@omni-cli/sdk'
import {BaseCommand} from '@omni-cli/sdk/cli'
import {programPath} from '../../programs.ts'

export default class ServerRun extends BaseCommand {
  static override summary = 'run the local engine in the foreground, for service managers and containers'
  static override description = 'This process becomes the server: its log goes to stderr, SIGTERM and Ctrl-C end it.'
  static override examples = [
    '<%= config.bin %> server run',
    '<%= config.bin %> server run --listen 0.0.0.0:6880',
    '<%= config.bin %> server run --config /etc/omni/cluster.toml',
  ]
  static override flags = {
    listen: Flags.string({summary: 'address of the API', helpValue: 'HOST:PORT'}),
    config: Flags.string({
      summary: "Orca's cluster.toml: name, tokens, address; later starts use it, too",
      helpValue: 'FILE',
      exclusive: ['no-config'],
    }),
    'no-config': Flags.boolean({summary: 'without the cluster.toml of the last start'}),
  }

  async run(): Promise<undefined> {
    const {flags} = await this.parse(ServerRun)
    const {home} = await this.session()
    const options = [
      ...(flags.listen === undefined ? [] : ['--listen', flags.listen]),
      ...(flags.config === undefined ? [] : ['--config', await checked(flags.config)]),
      ...(flags['no-config'] ? ['--no-config'] : []),
    ]
    if (process.execve === undefined || process.platform === 'win32') {
      throw new OmniError('UNSUPPORTED', 'this system cannot replace a running program', {hint: 'omni server start'})
    }
    process.execve(process.execPath, [process.execPath, programPath('server'), '--home', home, ...options], process.env)
    return undefined
  }
}

/** The absolute path of a file that is right; the server itself tells what else is to be known of it. */
async function checked(file: string): Promise<string> {
  const {readClusterConfig} = await import('../../server/cluster-config/read.ts')
  return (await readClusterConfig(file)).path
}
