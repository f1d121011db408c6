import * as Flags from '@oclif/core/flags'
import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {changeServices, DONE, selectServices} from '../apps/act.ts'
import {actView} from '../apps/service-view.ts'
import {serviceTargets} from '../apps/target.ts'

export default class Stop extends BaseCommand {
  static override summary = 'stop services; their releases and data are kept'
  static override description = 'Requests under way are finished first. "omni start" brings the services back.'
  static override examples = [
    '<%= config.bin %> stop web',
    '<%= config.bin %> stop web worker',
    '<%= config.bin %> stop --project shop',
  ]
  static override strict = false
  static override usage = 'stop SERVICE... | --project NAME | --all'
  static override flags = {
    project: Flags.string({summary: 'every service of this project', helpValue: 'NAME'}),
    all: Flags.boolean({summary: 'every service'}),
    yes: flag.yes,
  }

  async run(): Promise<View | undefined> {
    const {argv, flags} = await this.parse(Stop)
    const engine = await (await this.session()).open('service')
    const selection = {names: serviceTargets(argv.map(String)), project: flags.project, all: flags.all}
    const names = await selectServices(engine, selection, {signal: this.signal})
    if (flags.all && names.length > 0 && !(await this.confirm(`stop ${names.join(', ')}?`, flags))) {
      this.notice('nothing was stopped')
      return undefined
    }
    const services = await changeServices(engine, 'stop', names, {progress: await this.progress(), signal: this.signal})
    return actView(services, DONE.stop)
  }
}
