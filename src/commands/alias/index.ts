import {Args} from '@oclif/core'
import {BaseCommand, loadConfig, omniHome, type View} from '@omni-cli/sdk/cli'
import {aliasView} from '../../aliases/alias-view.ts'
import {listAliases} from '../../aliases/list.ts'
import {parseAssignment, setAliases} from '../../aliases/store.ts'

export default class AliasSet extends BaseCommand {
  static override summary = 'make words of your own for longer command lines, or list them'
  static override description =
    `The words of an alias replace it at the front of a command line; what follows is added behind them.
They are split as a shell splits words, but no shell ever runs them. An alias can have the name of a command
(deploy='deploy --wait'); OMNI_NO_ALIAS=1 turns all of them off. They are kept in config.yaml.`
  static override examples = [
    "<%= config.bin %> alias d='deploy --env production'",
    "<%= config.bin %> alias errors='logs --level error'",
    '<%= config.bin %> alias',
  ]
  static override args = {
    assignment: Args.string({description: "NAME='WORDS …'; none lists all", multiple: true}),
  }

  async run(): Promise<View | undefined> {
    const {args} = await this.parse(AliasSet)
    const home = omniHome()
    const wanted = (args.assignment ?? []).map(parseAssignment)
    if (wanted.length > 0) await setAliases(home, wanted)
    const {config} = await loadConfig(home)
    const all = listAliases(config.aliases)
    return aliasView(wanted.length === 0 ? all : all.filter(({name}) => wanted.some((alias) => alias.name === name)))
  }
}
