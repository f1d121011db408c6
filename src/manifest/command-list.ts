import type {Interfaces} from '@oclif/core'

/** One command, as `omni commands --json` tells it. */
export interface ListedCommand {
  /** As it is typed, without `omni`. */
  readonly command: string
  readonly summary: string
  readonly plugin: string
  readonly aliases: readonly string[]
  readonly args: readonly ListedArg[]
  readonly flags: readonly ListedFlag[]
}

export interface ListedArg {
  readonly name: string
  readonly description: string
  readonly required: boolean
  readonly multiple: boolean
  readonly options?: readonly string[] | undefined
}

export interface ListedFlag {
  readonly name: string
  readonly char?: string | undefined
  readonly summary: string
  readonly type: 'boolean' | 'value'
  readonly required: boolean
  readonly multiple: boolean
  readonly options?: readonly string[] | undefined
  readonly env?: string | undefined
}

type Loadable = Interfaces.Config['commands'][number]

/** Every command that is not hidden, by name. */
export const listCommands = (commands: readonly Loadable[]): ListedCommand[] =>
  commands
    .filter(({hidden}) => hidden !== true)
    .map((command) => ({
      command: command.id.replaceAll(':', ' '),
      summary: command.summary ?? command.description?.split('\n', 1)[0] ?? '',
      plugin: command.pluginName ?? command.pluginAlias ?? '',
      aliases: command.aliases.map((alias) => alias.replaceAll(':', ' ')),
      args: Object.entries(command.args).map(([name, arg]) => ({
        name,
        description: arg.description ?? '',
        required: arg.required === true,
        multiple: arg.multiple === true,
        options: arg.options,
      })),
      flags: Object.entries(command.flags)
        .filter(([, flag]) => flag.hidden !== true)
        .map(
          ([name, flag]): ListedFlag => ({
            name,
            char: flag.char,
            summary: flag.summary ?? flag.description ?? '',
            type: flag.type === 'boolean' ? 'boolean' : 'value',
            required: flag.required === true,
            multiple: flag.type === 'option' && flag.multiple === true,
            options: flag.type === 'option' ? flag.options : undefined,
            env: flag.env,
          }),
        ),
    }))
    .sort((left, right) => (left.command < right.command ? -1 : 1))
