import * as Flags from '@oclif/core/flags'
import {BaseCommand, flag, parseLabels, type View} from '@omni-cli/sdk/cli'
import {DONE} from '../apps/act.ts'
import {changeWorkloads} from '../machines/act.ts'
import {workloadsView} from '../machines/act-view.ts'
import {choose} from '../machines/choose.ts'
import {noteWish} from '../machines/recover-memory.ts'

/** `-o json`: the state of the service or instance; an array of them when there are several. */
export default class Start extends BaseCommand {
  static override summary = 'start services and instances that were stopped'
  static override description =
    'Ends when every replica of a service was seen ready; an instance is ready when programs run inside and it has an address.'
  static override examples = [
    '<%= config.bin %> start web',
    '<%= config.bin %> start web worker-1',
    '<%= config.bin %> start --project shop',
    '<%= config.bin %> start instances --label role=worker',
  ]
  static override strict = false
  static override usage = 'start NAME... | [KIND] --label KEY=VALUE | --project NAME | [KIND] --all'
  static override flags = {
    label: flag.labels,
    project: Flags.string({summary: 'every service of this project', helpValue: 'NAME'}),
    all: Flags.boolean({summary: 'every service, or everything of the kind that is named'}),
    wait: flag.wait,
    timeout: flag.timeout({summary: 'how long an instance may take to become ready: 90s, 5m'}),
    namespace: flag.namespace,
    provider: flag.provider,
  }

  async run(): Promise<View> {
    const {argv, flags} = await this.parse(Start)
    const labels = flags.label === undefined ? undefined : parseLabels(flags.label)
    const selection = {words: argv.map(String), labels, project: flags.project, all: flags.all}
    const chosen = await choose(await this.session(), selection, {signal: this.signal})
    const {wait, timeout: timeoutMs} = flags
    await noteWish(await this.session(), 'start', chosen)
    const changed = await changeWorkloads('start', chosen, {
      ...{wait, timeoutMs, progress: await this.progress(), signal: this.signal},
    })
    return workloadsView(changed, DONE.start)
  }
}
