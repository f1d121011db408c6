import * as Flags from '@oclif/core/flags'
import {BaseCommand, flag, parseLabels, type View} from '@omni-cli/sdk/cli'
import {DONE} from '../apps/act.ts'
import {changeWorkloads} from '../machines/act.ts'
import {workloadsView} from '../machines/act-view.ts'
import {choose} from '../machines/choose.ts'
import {noteWish} from '../machines/recover-memory.ts'

/** `-o json`: the state of the service or instance; an array of them when there are several. */
export default class Restart extends BaseCommand {
  static override summary = 'restart services and instances'
  static override description =
    'A replica of a service is only stopped when its successor is ready, so no request is lost. An instance shuts down and starts, and is ready when programs run inside and it has an address.'
  static override examples = [
    '<%= config.bin %> restart web',
    '<%= config.bin %> restart web worker-1',
    '<%= config.bin %> restart --project shop',
    '<%= config.bin %> restart --label role=worker --timeout 2m',
    '<%= config.bin %> restart services --all --namespace ml-prod',
  ]
  static override strict = false
  static override usage = 'restart NAME... | [KIND] --label KEY=VALUE | --project NAME | [KIND] --all'
  static override flags = {
    label: flag.labels,
    project: Flags.string({summary: 'every service of this project', helpValue: 'NAME'}),
    all: Flags.boolean({summary: 'every service, or everything of the kind that is named'}),
    force: Flags.boolean({summary: 'cut instances off instead of asking them to shut down'}),
    wait: flag.wait,
    timeout: flag.timeout({summary: 'how long an instance may take to shut down, and then to become ready: 90s, 5m'}),
    yes: flag.yes,
    namespace: flag.namespace,
    provider: flag.provider,
  }

  async run(): Promise<View | undefined> {
    const {argv, flags} = await this.parse(Restart)
    const labels = flags.label === undefined ? undefined : parseLabels(flags.label)
    const selection = {words: argv.map(String), labels, project: flags.project, all: flags.all}
    const chosen = await choose(await this.session(), selection, {signal: this.signal})
    const names = chosen.map(({name}) => name).join(', ')
    if (flags.all && chosen.length > 0 && !(await this.confirm(`restart ${names}?`, flags))) {
      this.notice('nothing was restarted')
      return undefined
    }
    await noteWish(await this.session(), 'restart', chosen)
    const changed = await changeWorkloads('restart', chosen, {
      ...{wait: flags.wait, force: flags.force, timeoutMs: flags.timeout},
      ...{progress: await this.progress(), signal: this.signal},
    })
    return workloadsView(changed, DONE.restart)
  }
}
