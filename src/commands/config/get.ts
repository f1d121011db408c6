import * as Args from '@oclif/core/args'
import {BaseCommand, itemView, omniHome, type View} from '@omni-cli/sdk/cli'
import {getSetting} from '../../config/settings.ts'
import {valueLines} from '../../config/text.ts'

export default class ConfigGet extends BaseCommand {
  static override summary = 'print one value of the configuration file, as it is'
  static override description =
    'Also a secret. Exit status 4 when it is not set. "config view --origin" shows defaults, too.'
  static override examples = [
    '<%= config.bin %> config get current-context',
    '<%= config.bin %> config get contexts.lab.orca.url',
    '<%= config.bin %> config get preferences --output json',
  ]
  static override args = {
    key: Args.string({required: true, description: 'e.g. preferences.output-format or contexts.NAME.namespace'}),
  }

  async run(): Promise<View> {
    const {args} = await this.parse(ConfigGet)
    const value = await getSetting(omniHome(), args.key)
    const lines = await valueLines(value)
    return itemView({data: value, text: () => lines})
  }
}
