import * as Args from '@oclif/core/args'
import {requireFacet} from '@omni-cli/sdk'
import {BaseCommand, type View} from '@omni-cli/sdk/cli'
import {requireService} from '../apps/act.ts'
import {releasesView} from '../apps/releases.ts'
import {serviceTarget} from '../apps/target.ts'

export default class Releases extends BaseCommand {
  static override summary = 'list the releases of a service, newest first'
  static override examples = ['<%= config.bin %> releases web', '<%= config.bin %> releases web --output json']
  static override args = {
    target: Args.string({required: true, description: 'service, e.g. web or service/web'}),
    name: Args.string({description: 'name, when the first word is a kind'}),
  }

  async run(): Promise<View> {
    const {args} = await this.parse(Releases)
    const name = serviceTarget([args.target, args.name])
    const engine = await (await this.session()).open('service')
    await requireService(engine, name, {signal: this.signal})
    return releasesView(await requireFacet(engine, 'releases').list(name, {signal: this.signal}), new Date())
  }
}
