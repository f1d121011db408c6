import type {Command, Interfaces} from '@oclif/core'
import {cell} from './schema-page.ts'

/** A section for each command that is not hidden. */
export function commandPage({commands}: Interfaces.Manifest): string {
  const shown = Object.values(commands)
    .filter(({hidden}) => hidden !== true)
    .sort((left, right) => (left.id < right.id ? -1 : 1))
  const shared = sharedFlags(shown)
  const list = shown.map(
    (command) =>
      `| [\`${typed(command)}\`](#${typed(command).replaceAll(' ', '-')}) | ${cell(command.summary ?? '')} |`,
  )
  return [
    'Flags that every command has:',
    '',
    flagTable(shown[0], (name) => shared.has(name)),
    '',
    '| command | what it does |',
    '| --- | --- |',
    ...list,
    ...shown.flatMap((command) => section(command, shared)),
  ].join('\n')
}

const typed = ({id}: Command.Cached): string => `omni ${id.replaceAll(':', ' ')}`

function section(command: Command.Cached, shared: ReadonlySet<string>): string[] {
  const args = Object.entries(command.args).filter(([, {hidden}]) => hidden !== true)
  const usage = args.map(([name, arg]) => {
    const word = `${name.toUpperCase()}${arg.multiple === true ? '...' : ''}`
    return arg.required === true ? word : `[${word}]`
  })
  const flags = flagTable(command, (name) => !shared.has(name))
  return [
    '',
    `## ${typed(command)}`,
    '',
    sentence(command.summary ?? ''),
    ...(command.description === undefined ? [] : ['', filled(command.description)]),
    '',
    '```sh',
    [typed(command), ...usage].join(' '),
    '```',
    ...(args.length === 0 ? [] : ['', '| argument | meaning |', '| --- | --- |', ...args.map(argRow)]),
    ...(flags === '' ? [] : ['', flags]),
    ...examples(command),
  ]
}

const argRow = ([name, {description = '', options}]: [string, Command.Arg.Cached]): string =>
  `| \`${name.toUpperCase()}\` | ${cell(description)}${options === undefined ? '' : ` (${options.join(', ')})`} |`

function flagTable(command: Command.Cached | undefined, isWanted: (name: string) => boolean): string {
  const flags = Object.entries(command?.flags ?? {}).filter(([name, flag]) => flag.hidden !== true && isWanted(name))
  if (flags.length === 0) return ''
  const rows = flags.map(([name, flag]) => {
    const long =
      flag.type === 'boolean'
        ? `--${flag.allowNo === true ? '[no-]' : ''}${name}`
        : `--${name} ${flag.helpValue ?? 'VALUE'}`
    const options = flag.type === 'option' && flag.options !== undefined ? ` (${flag.options.join(', ')})` : ''
    const env = flag.env === undefined ? '' : ` [\`${flag.env}\`]`
    return `| \`${flag.char === undefined ? '' : `-${flag.char}, `}${long}\` | ${cell(flag.summary ?? flag.description ?? '')}${options}${env} |`
  })
  return ['| flag | meaning |', '| --- | --- |', ...rows].join('\n')
}

function examples({examples: found = []}: Command.Cached): string[] {
  if (found.length === 0) return []
  const lines = found.map((example) => (typeof example === 'string' ? example : example.command))
  return ['', '```sh', ...lines.map(filled), '```']
}

const filled = (text: string): string => text.replaceAll(/<%[-=] config\.bin %>/g, 'omni')

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`

function sharedFlags(commands: readonly Command.Cached[]): ReadonlySet<string> {
  const names = commands.map(({flags}) => new Set(Object.keys(flags)))
  return new Set([...(names[0] ?? [])].filter((name) => names.every((known) => known.has(name))))
}
