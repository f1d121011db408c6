import * as Flags from '@oclif/core/flags'
import {BaseCommand, type View} from '@omni-cli/sdk/cli'
import {changeServices, DONE, selectServices} from '../apps/act.ts'
import {actView} from '../apps/service-view.ts'
import {serviceTargets} from '../apps/target.ts'

export default class Start extends BaseCommand {
  static override summary = 'start services that were stopped'
  static override description = 'Ends when every replica was seen ready.'
  static override examples = [
    '<%= config.bin %> start web',
    '<%= config.bin %> start web worker',
    '<%= config.bin %> start --project shop',
  ]
  static override strict = false
  static override usage = 'start SERVICE... | --project NAME | --all'
  static override flags = {
    project: Flags.string({summary: 'every service of this project', helpValue: 'NAME'}),
    all: Flags.boolean({summary: 'every service'}),
  }

  async run(): Promise<View | undefined> {
    const {argv, flags} = await this.parse(Start)
    const engine = await (await this.session()).open('service')
    const selection = {names: serviceTargets(argv.map(String)), project: flags.project, all: flags.all}
    const names = await selectServices(engine, selection, {signal: this.signal})
    const services = await changeServices(engine, 'start', names, {
      progress: await this.progress(),
      signal: this.signal,
    })
    return actView(services, DONE.start)
  }
}
