import * as Flags from '@oclif/core/flags'
import {BaseCommand, flag, parseLabels, type View} from '@omni-cli/sdk/cli'
import {DONE} from '../apps/act.ts'
import {changeWorkloads} from '../machines/act.ts'
import {workloadsView} from '../machines/act-view.ts'
import {choose} from '../machines/choose.ts'
import {noteWish} from '../machines/recover-memory.ts'

/** `-o json`: the state of the service or instance; an array of them when there are several. */
export default class Stop extends BaseCommand {
  static override summary = 'stop services and instances; their releases and data are kept'
  static override description =
    'Requests to services under way are finished first; an instance is asked to shut down. "omni start" brings them back.'
  static override examples = [
    '<%= config.bin %> stop web',
    '<%= config.bin %> stop web worker-1',
    '<%= config.bin %> stop --project shop',
    '<%= config.bin %> stop worker-1 --force',
    '<%= config.bin %> stop instances --all',
  ]
  static override strict = false
  static override usage = 'stop NAME... | [KIND] --label KEY=VALUE | --project NAME | [KIND] --all'
  static override flags = {
    label: flag.labels,
    project: Flags.string({summary: 'every service of this project', helpValue: 'NAME'}),
    all: Flags.boolean({summary: 'every service, or everything of the kind that is named'}),
    force: Flags.boolean({summary: 'cut instances off instead of asking them to shut down'}),
    timeout: flag.timeout({summary: 'how long an instance may take to shut down: 90s, 5m'}),
    yes: flag.yes,
    namespace: flag.namespace,
    provider: flag.provider,
  }

  async run(): Promise<View | undefined> {
    const {argv, flags} = await this.parse(Stop)
    const labels = flags.label === undefined ? undefined : parseLabels(flags.label)
    const selection = {words: argv.map(String), labels, project: flags.project, all: flags.all}
    const chosen = await choose(await this.session(), selection, {signal: this.signal})
    const names = chosen.map(({name}) => name).join(', ')
    if (flags.all && chosen.length > 0 && !(await this.confirm(`stop ${names}?`, flags))) {
      this.notice('nothing was stopped')
      return undefined
    }
    await noteWish(await this.session(), 'stop', chosen)
    const changed = await changeWorkloads('stop', chosen, {
      ...{force: flags.force, timeoutMs: flags.timeout},
      ...{progress: await this.progress(), signal: this.signal},
    })
    return workloadsView(changed, DONE.stop)
  }
}
