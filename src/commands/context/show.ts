import * as Args from '@oclif/core/args'
import {redact} from '@omni-cli/sdk'
import {BaseCommand, itemView, type View} from '@omni-cli/sdk/cli'
import {valueLines} from '../../config/text.ts'
import {contextNamed} from '../../context/contexts.ts'

export default class ContextShow extends BaseCommand {
  static override summary = 'show a context, the current one by default'
  static override description = 'Secrets are masked.'
  static override examples = ['<%= config.bin %> context show', '<%= config.bin %> context show lab --output yaml']
  static override args = {name: Args.string({description: 'name of the context; default: the one in force'})}

  async run(): Promise<View> {
    const {args} = await this.parse(ContextShow)
    const session = await this.session()
    const context = redact(args.name === undefined ? session.context : contextNamed(session.config, args.name))
    const lines = await valueLines(context)
    return itemView({data: context, text: () => lines, ref: `context/${context.name}`})
  }
}
