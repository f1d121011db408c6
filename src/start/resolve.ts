/** What can be typed: command ids (`server:start`), other names for them, and topics. */
export interface Vocabulary {
  has(id: string): boolean
  alias(id: string): string | undefined
  isTopic(id: string): boolean
}

export type Resolved =
  | {readonly type: 'command'; readonly id: string; readonly args: readonly string[]}
  | {readonly type: 'help'; readonly id: string}
  /** Help of the program. */
  | {readonly type: 'root'}
  | {readonly type: 'unknown'; readonly words: readonly string[]}

/**
 * Finds what a command line means. The longest known command of its leading words wins; the words after it are its
 * arguments. `help x y` is `x y --help`; a topic alone shows its help.
 */
export function resolve(argv: readonly string[], vocabulary: Vocabulary): Resolved {
  if (argv[0] === 'help') return resolve([...argv.slice(1).filter((word) => !isHelp(word)), '--help'], vocabulary)
  const words = leadingWords(argv)
  const asksHelp = beforeSeparator(argv).some(isHelp)
  if (words.length === 0) return argv.length === 0 || asksHelp ? {type: 'root'} : unknown(argv.slice(0, 1))

  for (let count = Math.min(words.length, 4); count > 0; count--) {
    const typed = words.slice(0, count).join(':')
    const id = vocabulary.has(typed) ? typed : vocabulary.alias(typed)
    // A topic that is another name of its list, as `plugin` is, explains all its commands.
    if (asksHelp && id !== typed && vocabulary.isTopic(typed)) return help(typed)
    if (id !== undefined && id !== typed && vocabulary.isTopic(typed) && count < words.length) {
      return unknown(words.slice(0, count + 1))
    }
    if (id !== undefined) return asksHelp ? help(id) : {type: 'command', id, args: argv.slice(typedCount(argv, count))}
    if (vocabulary.isTopic(typed)) {
      return count === words.length ? help(typed) : unknown(words.slice(0, count + 1))
    }
  }
  return unknown(words.slice(0, 1))
}

/** The words before the first flag; `a:b` in front counts as two. */
function leadingWords(argv: readonly string[]): string[] {
  const end = argv.findIndex((word) => word.startsWith('-'))
  const words = end === -1 ? argv : argv.slice(0, end)
  const [first, ...rest] = words
  return first === undefined ? [] : [...first.split(':'), ...rest]
}

const typedCount = (argv: readonly string[], count: number): number =>
  Math.max(1, count - ((argv[0] ?? '').split(':').length - 1))

const isHelp = (word: string): boolean => word === '--help' || word === '-h'

function beforeSeparator(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--')
  return end === -1 ? argv : argv.slice(0, end)
}

const help = (id: string): Resolved => ({type: 'help', id})
const unknown = (words: readonly string[]): Resolved => ({type: 'unknown', words})
