import {BaseCommand, configFileIn, flag, itemView, omniHome, type View} from '@omni-cli/sdk/cli'
import {resetConfigFile} from '../../config/edit-file.ts'

export default class ConfigReset extends BaseCommand {
  static override summary = 'start with an empty configuration; a copy is kept'
  static override description = 'Nothing but the file is touched: what runs keeps running.'
  static override examples = ['<%= config.bin %> config reset', '<%= config.bin %> config reset --yes']
  static override flags = {yes: flag.yes}

  async run(): Promise<View> {
    const {flags} = await this.parse(ConfigReset)
    const home = omniHome()
    const file = configFileIn(home)
    const isWanted = await this.confirm(`remove all settings and contexts in ${file}?`, flags)
    const copy = isWanted ? await resetConfigFile(home, new Date()) : undefined
    return itemView({
      data: {path: file, reset: copy !== undefined, copy},
      text: () => {
        if (!isWanted) return ['nothing was changed']
        return [copy === undefined ? 'there is no configuration file' : `reset ${file}; the old one is ${copy}`]
      },
    })
  }
}
