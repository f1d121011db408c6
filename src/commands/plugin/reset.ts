import {BaseCommand, flag, omniHome, type View} from '@omni-cli/sdk/cli'
import {changePlugins} from '../../plugins/change-plugins.ts'
import {pluginChangeView} from '../../plugins/plugin-views.ts'

export default class PluginReset extends BaseCommand {
  static override summary = 'remove all plugins that you have added'
  static override examples = ['<%= config.bin %> plugin reset --yes']
  static override hiddenAliases = ['plugins:reset']
  static override flags = {yes: flag.yes}
  static needsPlugins = true

  async run(): Promise<View | undefined> {
    const {flags} = await this.parse(PluginReset)
    if (!(await this.confirm('remove all plugins that you have added?', {yes: flags.yes}))) return undefined
    const change = await changePlugins({command: 'reset', argv: ['--hard']}, this.config, omniHome())
    return pluginChangeView(change, 'there were no plugins to remove')
  }
}
