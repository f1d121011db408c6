import {Args} from '@oclif/core'
import {BaseCommand, omniHome, type View} from '@omni-cli/sdk/cli'
import {changePlugins} from '../../plugins/change-plugins.ts'
import {pluginChangeView} from '../../plugins/plugin-views.ts'

export default class PluginUninstall extends BaseCommand {
  static override summary = 'remove a plugin that you have added'
  static override examples = ['<%= config.bin %> plugin uninstall incus']
  static override hiddenAliases = [
    'plugin:remove',
    'plugin:unlink',
    'plugins:uninstall',
    'plugins:remove',
    'plugins:unlink',
  ]
  static override args = {plugin: Args.string({description: 'name of the plugin', required: true})}
  static needsPlugins = true

  async run(): Promise<View | undefined> {
    const {args} = await this.parse(PluginUninstall)
    const change = await changePlugins({command: 'uninstall', argv: [args.plugin]}, this.config, omniHome())
    return pluginChangeView(change, 'nothing was removed')
  }
}
