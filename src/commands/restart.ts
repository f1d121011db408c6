import * as Flags from '@oclif/core/flags'
import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {changeServices, DONE, selectServices} from '../apps/act.ts'
import {actView} from '../apps/service-view.ts'
import {serviceTargets} from '../apps/target.ts'

export default class Restart extends BaseCommand {
  static override summary = 'restart the replicas of services one after another'
  static override description = 'A replica is only stopped when its successor is ready, so no request is lost.'
  static override examples = [
    '<%= config.bin %> restart web',
    '<%= config.bin %> restart web worker',
    '<%= config.bin %> restart --project shop',
  ]
  static override strict = false
  static override usage = 'restart SERVICE... | --project NAME | --all'
  static override flags = {
    project: Flags.string({summary: 'every service of this project', helpValue: 'NAME'}),
    all: Flags.boolean({summary: 'every service'}),
    yes: flag.yes,
  }

  async run(): Promise<View | undefined> {
    const {argv, flags} = await this.parse(Restart)
    const engine = await (await this.session()).open('service')
    const selection = {names: serviceTargets(argv.map(String)), project: flags.project, all: flags.all}
    const names = await selectServices(engine, selection, {signal: this.signal})
    if (flags.all && names.length > 0 && !(await this.confirm(`restart ${names.join(', ')}?`, flags))) {
      this.notice('nothing was restarted')
      return undefined
    }
    const services = await changeServices(engine, 'restart', names, {
      progress: await this.progress(),
      signal: this.signal,
    })
    return actView(services, DONE.restart)
  }
}
