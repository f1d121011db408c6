import {Args} from '@oclif/core'
import {BaseCommand, itemView, type View} from '@omni-cli/sdk/cli'
import {__camel__} from '__domain__'

export default class __Pascal__ extends BaseCommand {
  static override summary = '__words__'
  static override examples = ['<%= config.bin %> __words__ NAME']
  static override args = {name: Args.string({description: 'what it is about', required: true})}

  async run(): Promise<View | undefined> {
    const {args} = await this.parse(__Pascal__)
    const outcome = await __camel__(args.name, {signal: this.signal})
    return itemView({data: outcome, text: ({name}) => [name]})
  }
}
