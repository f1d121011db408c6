import * as Flags from '@oclif/core/flags'
import {BaseCommand, type View} from '@omni-cli/sdk/cli'
import {changeServices, DONE, selectServices} from '../../apps/act.ts'
import {requireOnlyHost} from '../../apps/host.ts'
import {actView} from '../../apps/service-view.ts'
import {serviceTargets} from '../../apps/target.ts'

export default class ServiceRestart extends BaseCommand {
  static override summary = 'restart the replicas of services one after another'
  static override examples = [
    '<%= config.bin %> service restart web',
    '<%= config.bin %> service restart web --host localhost',
  ]
  static override strict = false
  static override usage = 'service restart SERVICE... [--host HOST]'
  static override flags = {
    host: Flags.string({summary: 'host that the replicas run on', helpValue: 'HOST'}),
  }

  async run(): Promise<View> {
    const {argv, flags} = await this.parse(ServiceRestart)
    const engine = await (await this.session()).open('service')
    const names = await selectServices(engine, {names: serviceTargets(argv.map(String))}, {signal: this.signal})
    if (flags.host !== undefined) await requireOnlyHost(engine, flags.host, {signal: this.signal})
    const services = await changeServices(engine, 'restart', names, {
      progress: await this.progress(),
      signal: this.signal,
    })
    return actView(services, DONE.restart)
  }
}
