import type {ArgWords, CommandWords, FlagWords} from './command-words.ts'
import type {KnownName} from './names.ts'

/** What is known about the words, from the index and the caches. */
export interface CompletionSource {
  /** Next words of `omni WORDS…`: commands and topics, with their summaries. */
  children(words: readonly string[]): readonly KnownName[]
  /** The command that is exactly these words. */
  command(words: readonly string[]): CommandWords | undefined
  /** Values of an argument or a flag, by what it is called. */
  values(subject: Subject): readonly KnownName[] | 'files'
}

export interface Subject {
  /** Of the argument or flag: `service`, `context`, `kind` … */
  readonly name: string
  /** Arguments before it. */
  readonly before: readonly string[]
  /** Words of the command. */
  readonly command: readonly string[]
}

export type Candidates = readonly KnownName[] | 'files'

/** Candidates for the last of `words`, which may be empty. */
export function complete(words: readonly string[], source: CompletionSource): Candidates {
  const current = words.at(-1) ?? ''
  const before = words.slice(0, -1)
  const depth = commandDepth(before, source)
  const path = before.slice(0, depth)
  const command = source.command(path)
  const rest = before.slice(depth)
  if (command === undefined) return startingWith(current, source.children(before))
  if (rest.includes('--')) return []

  const valuesOf = (name: string): Candidates =>
    source.values({name, before: positionals(rest, command), command: path})
  const pending = pendingFlag(rest, command)
  if (pending !== undefined) return flagValues(pending, current, '', valuesOf)
  const assigned = /^(--[^=]+=)(.*)$/.exec(current)
  if (assigned !== null) {
    const [, prefix = '', value = ''] = assigned
    const flag = command.flags.find(({name}) => `--${name}=` === prefix)
    return flag === undefined ? [] : flagValues(flag, value, prefix, valuesOf)
  }
  if (current.startsWith('-')) return startingWith(current, flagNames(command.flags))

  const values = argumentValues(command, rest, valuesOf)
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
  valuesOf: (name: string) => Candidates,
): Candidates {
  const values = flag.options?.map((option): KnownName => [option, '']) ?? valuesOf(flag.name)
  if (values === 'files') return prefix === '' ? 'files' : []
  return startingWith(current, values).map(([value, note]): KnownName => [prefix + value, note])
}

const flagNames = (flags: readonly FlagWords[]): KnownName[] =>
  flags.flatMap(({name, summary, allowNo}): KnownName[] => [
    [`--${name}`, summary],
    ...(allowNo ? [[`--no-${name}`, summary] as const] : []),
  ])

/** What an open command without named arguments takes: things to act on. */
const ANYTHING: ArgWords = {name: 'target'}

function argumentValues(
  command: CommandWords,
  rest: readonly string[],
  valuesOf: (name: string) => Candidates,
): Candidates {
  const given = positionals(rest, command)
  const last = command.isOpen ? (command.args.at(-1) ?? ANYTHING) : undefined
  const arg = command.args[given.length] ?? last
  if (arg === undefined) return []
  const values = arg.options?.map((option): KnownName => [option, '']) ?? valuesOf(arg.name)
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
