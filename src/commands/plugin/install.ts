import {Args, Flags} from '@oclif/core'
import {BaseCommand, omniHome, type View} from '@omni-cli/sdk/cli'
import {changePlugins} from '../../plugins/change-plugins.ts'
import {pluginChangeView} from '../../plugins/plugin-views.ts'
import {pluginSource} from '../../plugins/source.ts'

export default class PluginInstall extends BaseCommand {
  static override summary = 'add a plugin from the npm registry, a folder, a tarball or a git URL'
  static override description = `A short name NAME is looked up as @omni-cli/plugin-NAME first.

OMNI_NPM_REGISTRY names another registry. A plugin runs as you: install what you trust.`
  static override examples = [
    '<%= config.bin %> plugin install incus',
    '<%= config.bin %> plugin install @acme/omni-plugin@1.2.3',
    '<%= config.bin %> plugin install ./my-plugin',
    '<%= config.bin %> plugin install ./my-plugin-1.0.0.tgz',
  ]
  static override hiddenAliases = ['plugins:install', 'plugin:add', 'plugins:add']
  static override args = {plugin: Args.string({description: 'name, folder, tarball or URL', required: true})}
  static override flags = {force: Flags.boolean({summary: 'fetch it again, even if it is here'})}
  static needsPlugins = true

  async run(): Promise<View | undefined> {
    const {args, flags} = await this.parse(PluginInstall)
    const argv = [pluginSource(args.plugin, process.cwd()), ...(flags.force ? ['--force'] : [])]
    const change = await changePlugins({command: 'install', argv}, this.config, omniHome())
    return pluginChangeView(change, `${args.plugin} was installed already`)
  }
}
