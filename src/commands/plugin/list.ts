import {BaseCommand, omniHome, type View} from '@omni-cli/sdk/cli'
import {describePlugins} from '../../plugins/describe-plugins.ts'
import {pluginsPlace} from '../../plugins/place.ts'
import {pluginListView} from '../../plugins/plugin-views.ts'

export default class PluginList extends BaseCommand {
  static override summary = 'list the plugins, those of omni and those you have added'
  static override examples = ['<%= config.bin %> plugin list', '<%= config.bin %> plugin list -o wide']
  static override hiddenAliases = ['plugin', 'plugins', 'plugins:list']
  static needsPlugins = true

  async run(): Promise<View | undefined> {
    await this.parse(PluginList)
    return pluginListView(await describePlugins(await pluginsPlace(this.config, omniHome())))
  }
}
