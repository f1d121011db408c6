import type {ArgWords, CommandWords, FlagWords} from './command-words.ts'
import type {KnownName} from './names.ts'

/** What is known about the words, from the index and the caches. */
export interface CompletionSource {
  /** Next words of `omni WORDS…`: commands and topics, with their summaries. */
  children(words: readonly string[]): readonly KnownName[]
  /** The command that is exactly these words. */
  command(words: readonly string[]): CommandWords | undefined
  /** Names of things, by what an argument or a flag is called: `service`, `context`, `kind` … */
  values(subject: string, before: readonly string[]): readonly KnownName[] | 'files'
}

export type Candidates = readonly KnownName[] | 'files'

/** Candidates for the last of `words`, which may be empty. */
export function complete(words: readonly string[], source: CompletionSource): Candidates {
  const current = words.at(-1) ?? ''
  const before = words.slice(0, -1)
  const depth = commandDepth(before, source)
  const command = source.command(before.slice(0, depth))
  const rest = before.slice(depth)
  if (command === undefined) return startingWith(current, rest.length === 0 ? source.children(before) : [])
  if (rest.includes('--')) return []

  const pending = pendingFlag(rest, command)
  if (pending !== undefined) return flagValues(pending, current, '', source, rest)
  const assigned = /^(--[^=]+=)(.*)$/.exec(current)
  if (assigned !== null) {
    const [, prefix = '', value = ''] = assigned
    const flag = command.flags.find(({name}) => `--${name}=` === prefix)
    return flag === undefined ? [] : flagValues(flag, value, prefix, source, rest)
  }
  if (current.startsWith('-')) return startingWith(current, flagNames(command.flags))

  const values = argumentValues(command, rest, source)
  const children = rest.length === 0 ? source.children(before) : []
  if (values === 'files') return children.length === 0 ? 'files' : startingWith(current, children)
  return startingWith(current, [...children, ...values])
}

/** How many leading words belong to the command. */
function commandDepth(words: readonly string[], source: CompletionSource): number {
  for (let count = Math.min(words.length, 4); count > 0; count--) {
    if (source.command(words.slice(0, count)) !== undefined) return count
  }
  return 0
}

/** The flag whose value comes next. */
function pendingFlag(words: readonly string[], {flags}: CommandWords): FlagWords | undefined {
  const last = words.at(-1)
  return flags.find(({name, char, takesValue}) => takesValue && (last === `--${name}` || (char && last === `-${char}`)))
}

function flagValues(
  flag: FlagWords,
  current: string,
  prefix: string,
  source: CompletionSource,
  before: readonly string[],
): Candidates {
  const values = flag.options?.map((option): KnownName => [option, '']) ?? source.values(flag.name, before)
  if (values === 'files') return prefix === '' ? 'files' : []
  return startingWith(current, values).map(([value, note]): KnownName => [prefix + value, note])
}

const flagNames = (flags: readonly FlagWords[]): KnownName[] =>
  flags.flatMap(({name, summary, allowNo}): KnownName[] => [
    [`--${name}`, summary],
    ...(allowNo ? [[`--no-${name}`, summary] as const] : []),
  ])

function argumentValues(command: CommandWords, rest: readonly string[], source: CompletionSource): Candidates {
  const given = positionals(rest, command)
  const arg: ArgWords | undefined = command.args[given.length] ?? (command.isOpen ? command.args.at(-1) : undefined)
  if (arg === undefined) return []
  const values = arg.options?.map((option): KnownName => [option, '']) ?? source.values(arg.name, given)
  return values === 'files' ? values : values.filter(([value]) => !given.includes(value))
}

/** The words that are neither flags nor values of flags. */
function positionals(words: readonly string[], command: CommandWords): string[] {
  return words.filter((word, index) => {
    const previous = words.slice(0, index)
    return !word.startsWith('-') && pendingFlag(previous, command) === undefined
  })
}

const startingWith = (current: string, names: readonly KnownName[]): readonly KnownName[] =>
  names.filter(([name]) => name.startsWith(current))
