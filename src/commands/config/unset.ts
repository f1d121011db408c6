import * as Args from '@oclif/core/args'
import {BaseCommand, configFileIn, itemView, omniHome, type View} from '@omni-cli/sdk/cli'
import {unsetSetting} from '../../config/settings.ts'

export default class ConfigUnset extends BaseCommand {
  static override summary = 'remove one value from the configuration file'
  static override description = 'The default is in force again. Removing what is not set succeeds.'
  static override examples = [
    '<%= config.bin %> config unset preferences.output-format',
    '<%= config.bin %> config unset contexts.lab.namespace',
  ]
  static override args = {
    key: Args.string({required: true, description: 'e.g. preferences.output-format or contexts.NAME.namespace'}),
  }

  async run(): Promise<View> {
    const {args} = await this.parse(ConfigUnset)
    const home = omniHome()
    const wasSet = await unsetSetting(home, args.key)
    return itemView({
      data: {key: args.key, wasSet, path: configFileIn(home)},
      text: ({key}) => [wasSet ? `removed ${key}` : `${key} was not set`],
    })
  }
}
