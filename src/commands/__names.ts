import {Args} from '@oclif/core'
import {BaseCommand, itemView, type View} from '@omni-cli/sdk/cli'
import {lookUpNames} from '../completion/look-up-names.ts'

export default class Names extends BaseCommand {
  static override summary = 'look up the names of a kind for completion'
  static override hidden = true
  static override args = {kind: Args.string({description: 'service, instance', required: true})}

  async run(): Promise<View | undefined> {
    const {args} = await this.parse(Names)
    const count = await lookUpNames(args.kind, await this.session(), this.signal)
    return itemView({data: {kind: args.kind, count}, text: (data) => [`${data.count} names of kind ${data.kind}`]})
  }
}
