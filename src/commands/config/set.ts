import * as Args from '@oclif/core/args'
import {isSecretKey} from '@omni-cli/sdk'
import {BaseCommand, configFileIn, itemView, omniHome, type View} from '@omni-cli/sdk/cli'
import {setSetting} from '../../config/settings.ts'

export default class ConfigSet extends BaseCommand {
  static override summary = 'set one value of the configuration file'
  static override description =
    'Comments and order of the file stay. The value is read as YAML where the setting is no text: true, 3, {env: NAME}.'
  static override examples = [
    '<%= config.bin %> config set preferences.output-format wide',
    '<%= config.bin %> config set contexts.lab.orca.url http://lab-1:6880',
    `<%= config.bin %> config set contexts.lab.orca.token '{env: ORCA_TOKEN}'`,
    '<%= config.bin %> config set plugins.cost.enabled false',
  ]
  static override args = {
    key: Args.string({required: true, description: 'e.g. preferences.output-format or contexts.NAME.namespace'}),
    value: Args.string({required: true, description: 'new value'}),
  }

  async run(): Promise<View> {
    const {args} = await this.parse(ConfigSet)
    const home = omniHome()
    const value = await setSetting(home, args.key, args.value)
    const isSecret = typeof value === 'string' && isSecretKey(args.key.split('.').at(-1) ?? '')
    if (isSecret) this.notice(`the secret is in the file now; '{env: NAME}' as the value keeps it out`)
    const shown = isSecret ? '***' : value
    return itemView({
      data: {key: args.key, value: shown, path: configFileIn(home)},
      text: (data) => [`set ${data.key} to ${typeof shown === 'string' ? shown : JSON.stringify(shown)}`],
    })
  }
}
