import * as Flags from '@oclif/core/flags'
import {OmniError, poll} from '@omni-cli/sdk'
import {BaseCommand, itemView, type View} from '@omni-cli/sdk/cli'
import {ensureServer} from '../../client/ensure-server.ts'
import {isLoopback, parseListen} from '../../client/listen-address.ts'
import type {ClusterConfig} from '../../server/cluster-config/read.ts'

export default class ServerStart extends BaseCommand {
  static override summary = 'start the local engine in the background'
  static override description =
    'It runs as this user, keeps its files under OMNI_HOME and is reached by a private socket and on loopback. `omni up` and `omni deploy` start it by themselves, with the cluster.toml that it was started with last.'
  static override examples = [
    '<%= config.bin %> server start',
    '<%= config.bin %> server start --listen 0.0.0.0:6880',
    '<%= config.bin %> server start --config ./cluster.toml',
  ]
  static override flags = {
    listen: Flags.string({
      summary: 'address of the API; default that of the cluster.toml, else 127.0.0.1:6880 or the next free port',
      helpValue: 'HOST:PORT',
    }),
    config: Flags.string({
      summary: "Orca's cluster.toml: name, tokens, address; later starts use it, too",
      helpValue: 'FILE',
      exclusive: ['no-config'],
    }),
    'no-config': Flags.boolean({summary: 'without the cluster.toml of the last start'}),
  }

  async run(): Promise<View> {
    const {flags} = await this.parse(ServerStart)
    const {home} = await this.session()
    const file = await checkedConfig(this, flags.config)
    const config = flags['no-config'] ? null : file?.path
    const progress = await this.progress()
    const data = await progress.step('starting the local engine', () =>
      ensureServer({home, listen: flags.listen, config, signal: this.signal}),
    )
    if (!data.started && config !== undefined) await refuseOther(home, file, data.pid)
    const host = flags.listen === undefined ? file?.listen.host : parseListen(flags.listen).host
    if (host !== undefined && !isLoopback(host)) {
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

/** Read before anything is started; what a person should know of it is told. */
async function checkedConfig(command: BaseCommand, file: string | undefined): Promise<ClusterConfig | undefined> {
  if (file === undefined) return undefined
  const {readClusterConfig} = await import('../../server/cluster-config/read.ts')
  const config = await readClusterConfig(file, {signal: command.signal})
  for (const warning of config.warnings) command.notice(`warning: ${warning}`)
  return config
}

/** CONFLICT when the running server was started with something else, or the file has changed since. */
async function refuseOther(home: string, wanted: ClusterConfig | undefined, pid: number): Promise<void> {
  const {rememberedConfig} = await import('../../server/cluster-config/remembered.ts')
  // A server notes what it was started with right after it answers.
  const isNoted = async () => (await rememberedConfig(home))?.pid === (wanted === undefined ? undefined : pid)
  await poll({everyMs: 20, timeoutMs: 500}, isNoted).catch(() => undefined)
  const used = await rememberedConfig(home)
  if (used?.path === wanted?.path && used?.digest === wanted?.digest) return
  const what = used === undefined ? 'without a cluster.toml' : `with '${used.path}' as it was then`
  const flag = wanted === undefined ? '--no-config' : `--config ${wanted.path}`
  throw new OmniError('CONFLICT', `the server runs already, ${what}; a file counts when it starts`, {
    hint: `omni server stop && omni server start ${flag}`,
  })
}
