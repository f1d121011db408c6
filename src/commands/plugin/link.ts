import {Args, Flags} from '@oclif/core'
import {BaseCommand, omniHome, type View} from '@omni-cli/sdk/cli'
import {changePlugins} from '../../plugins/change-plugins.ts'
import {pluginChangeView} from '../../plugins/plugin-views.ts'

export default class PluginLink extends BaseCommand {
  static override summary = 'use a plugin where it lies, for its development'
  static override examples = [
    '<%= config.bin %> plugin link .',
    '<%= config.bin %> plugin link ../my-plugin --no-install',
  ]
  static override hiddenAliases = ['plugins:link']
  static override args = {folder: Args.string({description: 'folder of the plugin', default: '.'})}
  static override flags = {
    install: Flags.boolean({summary: 'install its dependencies first (default)', allowNo: true, default: true}),
  }
  static needsPlugins = true

  async run(): Promise<View | undefined> {
    const {args, flags} = await this.parse(PluginLink)
    const argv = [args.folder, flags.install ? '--install' : '--no-install']
    const change = await changePlugins({command: 'link', argv}, this.config, omniHome())
    return pluginChangeView(change, `${args.folder} was linked already`)
  }
}
