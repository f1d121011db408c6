import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {requireFacet} from '@omni-cli/sdk'
import {BaseCommand, type View} from '@omni-cli/sdk/cli'
import {requireService} from '../apps/act.ts'
import {verdictView} from '../apps/canary-view.ts'
import {serviceTarget} from '../apps/target.ts'

/** `-o json`: `{verdict, reason, service}`. */
export default class Promote extends BaseCommand {
  static override summary = 'let the canary of a service take over'
  static override description =
    'As many replicas of the canary as the service has are made ready, then they get all requests, then the old ones go. With --auto what the proxy measures decides: exit status 9 when the canary was aborted.'
  static override examples = ['<%= config.bin %> promote web', '<%= config.bin %> promote web --auto']
  static override args = {
    target: Args.string({required: true, description: 'service, e.g. web or service/web'}),
    name: Args.string({description: 'name, when the first word is a kind'}),
  }
  static override flags = {
    auto: Flags.boolean({summary: 'wait for the measures: promoted when they are good, aborted when they are not'}),
  }

  async run(): Promise<View> {
    const {args, flags} = await this.parse(Promote)
    const name = serviceTarget([args.target, args.name])
    const engine = await (await this.session()).open('service')
    const facet = requireFacet(engine, 'canary')
    await requireService(engine, name, {signal: this.signal})
    const progress = await this.progress()
    return progress.step(flags.auto ? `measure the canary of ${name}` : `promote ${name}`, async (step) => {
      const options = {signal: this.signal, onProgress: (note: string) => step.note(note)}
      if (flags.auto) return verdictView(await facet.decide(name, options))
      return verdictView({verdict: 'promoted', reason: 'as asked for', service: await facet.promote(name, options)})
    })
  }
}
