import {messageOf} from '@omni-cli/sdk'
import {askConfirm, BaseCommand, canAsk, itemView, omniHome, type View} from '@omni-cli/sdk/cli'
import {editConfigFile} from '../../config/edit-file.ts'

export default class ConfigEdit extends BaseCommand {
  static override summary = 'edit the configuration file in your editor'
  static override description =
    'Opens $VISUAL or $EDITOR (else vi). What is saved is checked first; the old file is kept as config.yaml.bak.'
  static override examples = ['<%= config.bin %> config edit', 'EDITOR="code --wait" <%= config.bin %> config edit']

  async run(): Promise<View> {
    await this.parse(ConfigEdit)
    const outcome = await editConfigFile({
      home: omniHome(),
      env: process.env,
      retry: async (error) => {
        if (!canAsk()) return false
        this.notice(messageOf(error))
        return askConfirm('edit it again?', {signal: this.signal})
      },
    })
    return itemView({
      data: outcome,
      text: ({file, changed, backup}) => [
        changed ? `changed ${file}${backup === undefined ? '' : `; the old one is ${backup}`}` : 'nothing was changed',
      ],
    })
  }
}
