/** What a person writes: a text that is split into words, or the words themselves. */
export type Command = string | readonly string[]

interface Piece {
  readonly text: string
  /** False within single quotes and after a backslash. */
  readonly hasVariables: boolean
}

interface Split {
  readonly words: readonly (readonly Piece[])[]
  readonly problem?: string | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The argument vector: quotes honoured as in a shell, `$NAME` and `${NAME}` replaced from the environment (not within
 * single quotes; unknown names stay as they are). A replaced value is never split again.
 */
export const commandWords = (command: Command, env: Environment): string[] =>
  typeof command === 'string'
    ? splitCommand(command).words.map((word) =>
        word.map((piece) => (piece.hasVariables ? replaceVariables(piece.text, env) : piece.text)).join(''),
      )
    : command.map((word) => replaceVariables(word, env))

const SHELL_WORDS = new Set(['&&', '||', '|', ';', '&', '>', '>>', '<', '2>&1', '2>'])

/** Why the command cannot be run as an argument vector; undefined when it can. */
export function commandProblem(command: Command): string | undefined {
  if (typeof command !== 'string') return command[0] === '' ? 'the program name is empty' : undefined
  const {words, problem} = splitCommand(command)
  if (problem !== undefined) return problem
  const plain = words.map((word) => (word.length === 1 && word[0]?.hasVariables ? word[0].text : undefined))
  const shellWord = plain.find((word) => word !== undefined && SHELL_WORDS.has(word))
  if (shellWord !== undefined) {
    return `'${shellWord}' needs a shell, and commands are run without one; write ["sh", "-c", "…"]`
  }
  const assignment = /^([A-Za-z_][A-Za-z0-9_]*)=/.exec(plain[0] ?? '')?.[1]
  if (assignment !== undefined)
    return `'${assignment}=…' before the program needs a shell; set ${assignment} under 'env'`
  if (words.length === 0 || words[0]?.every((piece) => piece.text === '')) return 'the command is empty'
  return undefined
}

const replaceVariables = (text: string, env: Environment): string =>
  text.replace(/\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})/g, (whole, bare, braced) => {
    const name: string = bare ?? braced
    return Object.hasOwn(env, name) ? (env[name] ?? whole) : whole
  })

const QUOTED = /'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])|([^\s'"\\]+)|(\s+)/y

function splitCommand(text: string): Split {
  const words: Piece[][] = []
  let word: Piece[] | undefined
  QUOTED.lastIndex = 0
  for (let at = 0; at < text.length; at = QUOTED.lastIndex) {
    const match = QUOTED.exec(text)
    if (match === null) {
      const what = text[at] === '\\' ? 'a backslash at the end' : `a quote ${text[at]} that is not closed`
      return {words, problem: `the command has ${what}`}
    }
    const [, single, double, escaped, bare, space] = match
    if (space !== undefined) {
      word = undefined
      continue
    }
    if (escaped === '\n') continue
    if (word === undefined) {
      word = []
      words.push(word)
    }
    if (single !== undefined) word.push({text: single, hasVariables: false})
    if (double !== undefined) word.push(...doubleQuoted(double))
    if (escaped !== undefined) word.push({text: escaped, hasVariables: false})
    if (bare !== undefined) word.push({text: bare, hasVariables: true})
  }
  return {words}
}

/** Within double quotes a backslash only protects `$`, a back quote, `"` and itself. */
function doubleQuoted(text: string): Piece[] {
  const pieces = text.split(/(\\[$`"\\]|\\\n)/)
  return pieces.map((piece, index) => {
    if (index % 2 === 0) return {text: piece, hasVariables: true}
    return {text: piece === '\\\n' ? '' : piece.slice(1), hasVariables: false}
  })
}
