import {Args} from '@oclif/core'
import {BaseCommand, itemView, omniHome, type View} from '@omni-cli/sdk/cli'
import {removeAliases} from '../../aliases/store.ts'

export default class AliasRemove extends BaseCommand {
  static override summary = 'remove aliases'
  static override examples = ['<%= config.bin %> alias remove d']
  static override hiddenAliases = ['alias:rm', 'alias:delete']
  static override args = {alias: Args.string({description: 'names', required: true, multiple: true})}

  async run(): Promise<View | undefined> {
    const {args} = await this.parse(AliasRemove)
    await removeAliases(omniHome(), args.alias)
    return itemView({data: {removed: args.alias}, text: ({removed}) => removed.map((name) => `removed alias ${name}`)})
  }
}
