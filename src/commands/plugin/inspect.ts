import {Args} from '@oclif/core'
import {nearest, OmniError} from '@omni-cli/sdk'
import {BaseCommand, omniHome, pluginNames, type View} from '@omni-cli/sdk/cli'
import {describePlugins} from '../../plugins/describe-plugins.ts'
import {pluginsPlace} from '../../plugins/place.ts'
import {pluginView} from '../../plugins/plugin-views.ts'

export default class PluginInspect extends BaseCommand {
  static override summary = 'show what a plugin brings and what is wrong with it'
  static override examples = ['<%= config.bin %> plugin inspect orca']
  static override hiddenAliases = ['plugins:inspect']
  static override args = {plugin: Args.string({description: 'name of the plugin', required: true})}
  static needsPlugins = true

  async run(): Promise<View | undefined> {
    const {args} = await this.parse(PluginInspect)
    const plugins = await describePlugins(await pluginsPlace(this.config, omniHome()))
    const plugin = plugins.find(({name}) => pluginNames(name).includes(args.plugin))
    if (plugin !== undefined) return pluginView(plugin)
    const meant = nearest(
      args.plugin,
      plugins.flatMap(({name}) => pluginNames(name)),
    )
    throw new OmniError('NOT_FOUND', `there is no plugin '${args.plugin}'`, {
      hint: meant === undefined ? 'omni plugin list' : `omni plugin inspect ${meant}`,
    })
  }
}
