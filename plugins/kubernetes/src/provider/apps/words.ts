import type {ServiceSpec} from '@omni-cli/sdk'

export type Command = NonNullable<ServiceSpec['command']>

/** A part of a word; variables are filled in where they are not quoted away. */
interface Piece {
  readonly text: string
  readonly hasVariables: boolean
}

const QUOTED = /'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])|([^\s'"\\]+)|(\s+)/y

/** Words as a shell splits them, without being one; a text says what is wrong. */
function split(text: string): Piece[][] | string {
  const words: Piece[][] = []
  let word: Piece[] | undefined
  QUOTED.lastIndex = 0
  for (let at = 0; at < text.length; at = QUOTED.lastIndex) {
    const match = QUOTED.exec(text)
    if (match === null) return text[at] === '\\' ? 'it ends in a backslash' : `the quote ${text[at]} is not closed`
    const [, single, double, escaped, bare, space] = match
    if (space !== undefined) {
      word = undefined
      continue
    }
    if (word === undefined) {
      word = []
      words.push(word)
    }
    word.push({
      text: single ?? double?.replace(/\\([$`"\\])/g, '$1') ?? escaped ?? bare ?? '',
      hasVariables: bare !== undefined || (double !== undefined && !double.includes('\\$')),
    })
  }
  return words
}

const SHELL_WORDS = new Set(['&&', '||', '|', ';', '&', '>', '>>', '<', '2>&1', '2>'])

/** Why the command cannot be run as an argument vector; undefined when it can. */
export function wordsProblem(command: Command): string | undefined {
  const words = typeof command === 'string' ? split(command) : command.map((text) => [{text, hasVariables: false}])
  if (typeof words === 'string') return words
  const first = words[0]?.map(({text}) => text).join('') ?? ''
  if (first === '') return 'it names no program'
  if (typeof command !== 'string') return undefined
  const shellWord = words.map(([piece, ...more]) => (more.length === 0 ? piece?.text : undefined)).find(isShellWord)
  if (shellWord !== undefined) return `'${shellWord}' needs a shell, and there is none; write ["sh", "-c", "…"]`
  if (/^[A-Za-z_]\w*=/.test(first)) return `'${first}' before the program needs a shell; set it under 'env'`
  return undefined
}

const isShellWord = (text: string | undefined): boolean => text !== undefined && SHELL_WORDS.has(text)

const SHELL = /^(.*\/)?(sh|bash|dash|ash|zsh|ksh)$/

/**
 * Words as Kubernetes takes them: variables of the environment are written `$(NAME)`, and a `$` that is meant as itself is
 * kept from being read as one. A shell fills in variables by itself.
 */
export function kubeWords(command: Command, names: ReadonlySet<string>): string[] {
  const words =
    typeof command === 'string' ? split(command) : command.map((text): Piece[] => [{text, hasVariables: true}])
  if (typeof words === 'string') throw new Error(`a command that was not looked at: ${words}`)
  const isShell = SHELL.test(words[0]?.map(({text}) => text).join('') ?? '')
  return words.map((pieces) => kubeWord(pieces, isShell ? new Set() : names))
}

function kubeWord(pieces: readonly Piece[], names: ReadonlySet<string>): string {
  const parts = pieces.flatMap(({text, hasVariables}) => (hasVariables ? references(text, names) : [text]))
  if (parts.every((part) => typeof part === 'string')) return literal(parts.join(''))
  return parts.map((part) => (typeof part === 'string' ? part.replaceAll('$', '$$$$') : `$(${part.name})`)).join('')
}

function references(text: string, names: ReadonlySet<string>): (string | {readonly name: string})[] {
  return text.split(/(\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*\}))/).map((part, index) => {
    const name = part.replace(/^\$\{?|\}$/g, '')
    return index % 2 === 1 && names.has(name) ? {name} : part
  })
}

/** A text that Kubernetes must not fill anything into: only `$(` and `$$` have a meaning to it. */
export const literal = (text: string): string => (/\$[($]/.test(text) ? text.replaceAll('$', '$$$$') : text)
