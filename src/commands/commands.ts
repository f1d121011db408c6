import {BaseCommand, listView, type View} from '@omni-cli/sdk/cli'
import {type ListedCommand, listCommands} from '../manifest/command-list.ts'

export default class Commands extends BaseCommand {
  static override summary = 'list every command, with its arguments and flags in JSON'
  static override examples = ['<%= config.bin %> commands', '<%= config.bin %> commands --json']
  static needsPlugins = true

  async run(): Promise<View | undefined> {
    await this.parse(Commands)
    return listView<ListedCommand>({
      columns: [
        {header: 'COMMAND', value: ({command}) => `omni ${command}`},
        {header: 'SUMMARY', value: ({summary}) => summary},
        {header: 'PLUGIN', value: ({plugin}) => plugin, wide: true},
      ],
      rows: listCommands(this.config.commands),
      ref: ({command}) => `command/${command.replaceAll(' ', ':')}`,
      empty: 'no commands',
    }) as View
  }
}
