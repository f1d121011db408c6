import * as Args from '@oclif/core/args'
import {BaseCommand, itemView, omniHome, type View} from '@omni-cli/sdk/cli'
import {switchContext} from '../../context/contexts.ts'

export default class ContextUse extends BaseCommand {
  static override summary = 'make a context the current one'
  static override description = 'For one command only: --context NAME, or OMNI_CONTEXT.'
  static override examples = ['<%= config.bin %> context use lab']
  static override args = {name: Args.string({required: true, description: 'name of the context'})}

  async run(): Promise<View> {
    const {args} = await this.parse(ContextUse)
    await switchContext(omniHome(), args.name)
    if (process.env.OMNI_CONTEXT) this.notice(`OMNI_CONTEXT is set to '${process.env.OMNI_CONTEXT}' and goes before it`)
    return itemView({
      data: {context: args.name},
      text: ({context}) => [`the current context is ${context}`],
      ref: `context/${args.name}`,
    })
  }
}
