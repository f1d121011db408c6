import * as Args from '@oclif/core/args'
import {requireFacet} from '@omni-cli/sdk'
import {BaseCommand, type View} from '@omni-cli/sdk/cli'
import {requireService} from '../../apps/act.ts'
import {actView} from '../../apps/service-view.ts'
import {serviceTarget} from '../../apps/target.ts'

export default class CanaryAbort extends BaseCommand {
  static override summary = 'end the canary of a service'
  static override description =
    'The stable release gets all requests again. Requests that the canary has are finished before its replicas go.'
  static override examples = ['<%= config.bin %> canary abort web']
  static override args = {
    target: Args.string({required: true, description: 'service, e.g. web or service/web'}),
    name: Args.string({description: 'name, when the first word is a kind'}),
  }

  async run(): Promise<View> {
    const {args} = await this.parse(CanaryAbort)
    const name = serviceTarget([args.target, args.name])
    const engine = await (await this.session()).open('service')
    const facet = requireFacet(engine, 'canary')
    await requireService(engine, name, {signal: this.signal})
    const progress = await this.progress()
    const service = await progress.step(`abort the canary of ${name}`, () => facet.abort(name, {signal: this.signal}))
    return actView([service], `serves release ${service.release ?? '?'} alone`)
  }
}
