import * as Flags from '@oclif/core/flags'
import {BaseCommand, itemView, type View} from '@omni-cli/sdk/cli'
import {ensureServer} from '../../client/ensure-server.ts'
import {isLoopback, parseListen} from '../../client/listen-address.ts'

export default class ServerStart extends BaseCommand {
  static override summary = 'start the local engine in the background'
  static override description =
    'It runs as this user, keeps its files under OMNI_HOME and is reached by a private socket and on loopback. `omni up` and `omni deploy` start it by themselves.'
  static override examples = ['<%= config.bin %> server start', '<%= config.bin %> server start --listen 0.0.0.0:6880']
  static override flags = {
    listen: Flags.string({
      summary: 'address of the API; default 127.0.0.1:6880, or the next free port',
      helpValue: 'HOST:PORT',
    }),
  }

  async run(): Promise<View> {
    const {flags} = await this.parse(ServerStart)
    const {home} = await this.session()
    const progress = await this.progress()
    const data = await progress.step('starting the local engine', () =>
      ensureServer({home, listen: flags.listen, signal: this.signal}),
    )
    if (flags.listen !== undefined && !isLoopback(parseListen(flags.listen).host)) {
      this.notice('the API speaks plain HTTP: reach it through a tunnel or a TLS proxy, or its tokens can be read')
    }
    return itemView({
      data,
      text: ({started, pid, url}) => [
        `the local engine ${started ? 'runs' : 'runs already'} (process ${pid}) at ${url}`,
      ],
    })
  }
}
