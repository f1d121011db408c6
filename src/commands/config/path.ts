import {BaseCommand, configFileIn, itemView, omniHome, type View} from '@omni-cli/sdk/cli'

export default class ConfigPath extends BaseCommand {
  static override summary = 'print where the configuration file is'
  static override description =
    'OMNI_HOME moves it, together with everything else that omni keeps. The file need not exist.'
  static override examples = ['<%= config.bin %> config path', 'less "$(<%= config.bin %> config path)"']

  async run(): Promise<View> {
    await this.parse(ConfigPath)
    const path = configFileIn(omniHome())
    return itemView({data: {path}, text: () => [path]})
  }
}
