import {BaseCommand, loadConfig, omniHome, type View} from '@omni-cli/sdk/cli'
import {aliasView} from '../../aliases/alias-view.ts'
import {listAliases} from '../../aliases/list.ts'

export default class AliasList extends BaseCommand {
  static override summary = 'list your aliases'
  static override examples = ['<%= config.bin %> alias list', '<%= config.bin %> alias list -o json']

  async run(): Promise<View | undefined> {
    await this.parse(AliasList)
    const {config} = await loadConfig(omniHome())
    return aliasView(listAliases(config.aliases))
  }
}
