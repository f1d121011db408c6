import {BaseCommand, omniHome, type View} from '@omni-cli/sdk/cli'
import {changePlugins} from '../../plugins/change-plugins.ts'
import {pluginChangeView} from '../../plugins/plugin-views.ts'

export default class PluginUpdate extends BaseCommand {
  static override summary = 'bring the plugins that you have added up to date'
  static override examples = ['<%= config.bin %> plugin update']
  static override hiddenAliases = ['plugins:update']
  static needsPlugins = true

  async run(): Promise<View | undefined> {
    await this.parse(PluginUpdate)
    const change = await changePlugins({command: 'update', argv: []}, this.config, omniHome())
    return pluginChangeView(change, 'all plugins are up to date')
  }
}
