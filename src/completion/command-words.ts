import type {Command} from '@oclif/core'

/** What can be typed after a command. */
export interface CommandWords {
  readonly flags: readonly FlagWords[]
  readonly args: readonly ArgWords[]
  /** The last argument can be repeated. */
  readonly isOpen: boolean
}

export interface FlagWords {
  readonly name: string
  readonly char?: string | undefined
  readonly summary: string
  /** It is followed by a value. */
  readonly takesValue: boolean
  readonly allowNo: boolean
  readonly options?: readonly string[] | undefined
}

export interface ArgWords {
  readonly name: string
  readonly options?: readonly string[] | undefined
}

/** The words of a command of a manifest, or of a loaded plugin. */
export function commandWords(command: Command.Cached): CommandWords {
  const flags = Object.entries(command.flags ?? {}).filter(([, flag]) => flag.hidden !== true)
  const args = Object.entries(command.args ?? {}).filter(([, arg]) => arg.hidden !== true)
  return {
    flags: flags.map(([name, flag]) => ({
      name,
      char: flag.char,
      summary: flag.summary ?? flag.description ?? '',
      takesValue: flag.type === 'option',
      allowNo: flag.type === 'boolean' && flag.allowNo === true,
      options: flag.type === 'option' ? flag.options : undefined,
    })),
    args: args.map(([name, {options}]) => ({name, options})),
    isOpen: command.strict === false || args.some(([, arg]) => arg.multiple === true),
  }
}
