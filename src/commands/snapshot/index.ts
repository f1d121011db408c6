import * as Flags from '@oclif/core/flags'
import {OmniError, parseDuration} from '@omni-cli/sdk'
import {BaseCommand, flag, parseLabels, type View} from '@omni-cli/sdk/cli'
import {chooseToSnapshot} from '../../machines/snapshots/choose.ts'
import {takeSnapshots} from '../../machines/snapshots/take.ts'
import {takenView} from '../../machines/snapshots/views.ts'

/** `-o json`: `{name, provider, createdAt, expiresAt?, status, wanted: [name], members: [{instance, snapshot, createdAt, specHash}]}`. */
export default class Snapshot extends BaseCommand {
  static override summary = 'keep the state of instances to go back to'
  static override description =
    'Without a name the snapshot is called by its time: omni-20260131t080000z. Those of several instances have one name and are a group, which "omni snapshot restore" brings back as a whole. Exit status 9 when some failed, 11 while another command is at work in this context.'
  static override examples = [
    '<%= config.bin %> snapshot worker-1',
    '<%= config.bin %> snapshot worker-1 before-upgrade --expires 7d',
    '<%= config.bin %> snapshot --all',
    '<%= config.bin %> snapshot --label role=worker --name before-upgrade',
    '<%= config.bin %> snapshot list worker-1',
  ]
  static override strict = false
  static override usage = 'snapshot NAME [SNAPSHOT] | NAME... --name SNAPSHOT | --label KEY=VALUE | --all'
  static override flags = {
    name: Flags.string({summary: 'name of the snapshot; then all words are instances', helpValue: 'SNAPSHOT'}),
    label: flag.labels,
    all: Flags.boolean({summary: 'of every instance'}),
    expires: Flags.string({summary: 'the backend removes it after this time: 12h, 7d', helpValue: 'DURATION'}),
    stop: Flags.boolean({summary: 'stop and start instances whose backend cannot do it while they run'}),
    provider: flag.provider,
  }

  async run(): Promise<View> {
    const {argv, flags} = await this.parse(Snapshot)
    const expiresMs = flags.expires === undefined ? undefined : expiresIn(flags.expires)
    const session = await this.session()
    const {machines, name, isGroup} = await chooseToSnapshot(session, {
      ...{words: argv.map(String), name: flags.name, all: flags.all, signal: this.signal},
      labels: flags.label === undefined ? undefined : parseLabels(flags.label),
    })
    const taken = await takeSnapshots(session, {
      ...{machines, name, isGroup, expiresMs, allowStop: flags.stop},
      ...{progress: await this.progress(), signal: this.signal},
    })
    return takenView(taken, isGroup)
  }
}

function expiresIn(text: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined && ms > 0) return ms
  throw new OmniError('USAGE', `--expires '${text}' is no duration like 12h or 7d`)
}
