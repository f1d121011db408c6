import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {BaseCommand, type View} from '@omni-cli/sdk/cli'
import {requireService} from '../apps/act.ts'
import {serviceTarget} from '../apps/target.ts'
import {checkHealth, healthView} from '../status/health.ts'
import {observeAll} from '../status/overview.ts'

export default class Health extends BaseCommand {
  static override summary = 'ask every service and its endpoints whether they are well'
  static override description =
    'Sends a request to each endpoint. Exit status 9 when an engine, a service or an endpoint is not well. The shape of the JSON is stable.'
  static override examples = [
    '<%= config.bin %> health',
    '<%= config.bin %> health web',
    '<%= config.bin %> health --all-services --json',
  ]
  static override args = {
    target: Args.string({description: 'service, e.g. web or service/web; default: everything'}),
    name: Args.string({description: 'name, when the first word is a kind'}),
  }
  static override flags = {
    'all-services': Flags.boolean({summary: 'only the services, without the engines'}),
  }

  async run(): Promise<View> {
    const {args, flags} = await this.parse(Health)
    const session = await this.session()
    const options = {signal: this.signal}
    if (args.target !== undefined) {
      const engine = await session.open('service')
      const service = await requireService(engine, serviceTarget([args.target, args.name]), options)
      return healthView(await checkHealth([], [service], options))
    }
    if (flags['all-services']) {
      const engine = await session.open('service')
      return healthView(await checkHealth([], await engine.list(options), options))
    }
    const {engines, services} = await observeAll(session, options)
    return healthView(await checkHealth(engines, services, options))
  }
}
