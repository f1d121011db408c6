export type Variables = Readonly<Record<string, string | undefined>>

export interface Filling {
  readonly variables: Variables
  /** A variable without a value and without a default: it is filled in as nothing. */
  onUnset(name: string): void
}

/** A variable that must have a value, or a `$` that begins nothing. */
export class VariableProblem extends Error {}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*/
const OPERATOR = /^(:?[-?+])/
const MAX_DEPTH = 20

/** `$NAME`, `${NAME}`, `${NAME:-default}`, `-`, `:?`, `?`, `:+`, `+` and `$$`, as compose has them. */
export function fillVariables(text: string, filling: Filling, depth = 0): string {
  if (depth > MAX_DEPTH) throw new VariableProblem('variables are nested too deep')
  let result = ''
  for (let at = 0; at < text.length; ) {
    const next = text.indexOf('$', at)
    if (next === -1) return result + text.slice(at)
    result += text.slice(at, next)
    const rest = text.slice(next + 1)
    const name = NAME.exec(rest)?.[0]
    if (rest.startsWith('$')) {
      result += '$'
      at = next + 2
    } else if (name !== undefined) {
      result += lookUp(name, filling)
      at = next + 1 + name.length
    } else if (rest.startsWith('{')) {
      const end = closing(text, next + 2)
      result += braced(text.slice(next + 2, end), filling, depth)
      at = end + 1
    } else throw new VariableProblem("a '$' that begins no variable is written '$$'")
  }
  return result
}

/** `constructor` is a name like any other. */
export const valueOfName = (name: string, variables: Variables): string | undefined =>
  Object.hasOwn(variables, name) ? variables[name] : undefined

function lookUp(name: string, {variables, onUnset}: Filling): string {
  const value = valueOfName(name, variables)
  if (value === undefined) onUnset(name)
  return value ?? ''
}

function braced(inner: string, filling: Filling, depth: number): string {
  const name = NAME.exec(inner)?.[0] ?? ''
  const operator = OPERATOR.exec(inner.slice(name.length))?.[0] ?? ''
  const word = inner.slice(name.length + operator.length)
  if (name === '' || (operator === '' && word !== '')) throw new VariableProblem(`'\${${inner}}' is no variable`)
  if (operator === '') return lookUp(name, filling)
  const value = valueOfName(name, filling.variables)
  const isThere = value !== undefined && !(operator.startsWith(':') && value === '')
  const fill = () => fillVariables(word, filling, depth + 1)
  if (operator.endsWith('-')) return isThere ? value : fill()
  if (operator.endsWith('+')) return isThere ? fill() : ''
  if (isThere) return value
  throw new VariableProblem(`the variable ${name} must be set${word === '' ? '' : `: ${fill()}`}`)
}

/** The brace that closes the one before `from`. */
function closing(text: string, from: number): number {
  let open = 1
  for (let at = from; at < text.length; at++) {
    if (text.startsWith('${', at)) open++
    if (text[at] === '}') open--
    if (open === 0) return at
  }
  throw new VariableProblem("a '${' is not closed")
}

const LINE = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*(?:=\s*(.*))?$/

/**
 * The pairs of an environment file: quotes, comments and `export`; variables are filled in except within single quotes.
 * A name alone takes its value from the variables. Text over several lines is allowed within quotes.
 */
export function parseEnvFile(text: string, filling: Filling): Map<string, string> {
  const found = new Map<string, string>()
  // What is set around the file is stronger than what stands in it.
  const variables: Record<string, string | undefined> = {...filling.variables}
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/)
  for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
    if (/^\s*(#|$)/.test(line)) continue
    const [, name, rest] = LINE.exec(line) ?? []
    if (name === undefined) throw new VariableProblem(`'${line.split('=')[0]}' is no name of a variable`)
    if (rest === undefined) {
      const value = valueOfName(name, filling.variables)
      if (value !== undefined) found.set(name, value)
      continue
    }
    let value = rest
    const quote = /^["']/.exec(rest)?.[0]
    while (quote !== undefined && !hasEnd(value, quote) && lines.length > 0) value += `\n${lines.shift()}`
    const filled = envValue(value, quote, {...filling, variables})
    found.set(name, filled)
    if (valueOfName(name, filling.variables) === undefined) variables[name] = filled
  }
  return found
}

const QUOTED = {'"': /^"((?:[^"\\]|\\[\s\S])*)"/, "'": /^'([^']*)'/} as const

const quotedBy = (quote: string) => (quote === '"' ? QUOTED['"'] : QUOTED["'"])
const hasEnd = (text: string, quote: string): boolean => quotedBy(quote).test(text)

function envValue(text: string, quote: string | undefined, filling: Filling): string {
  if (quote === undefined) return fillVariables(text.replace(/(^|\s+)#.*$/, '').trim(), filling)
  const inner = quotedBy(quote).exec(text)?.[1]
  if (inner === undefined) throw new VariableProblem('a quote is not closed')
  if (quote === "'") return inner
  const plain = fillVariables(inner.replaceAll('\\$', '$$$$'), filling)
  return plain.replace(/\\([nrt"\\])/g, (_, letter: string) => ({n: '\n', r: '\r', t: '\t'})[letter] ?? letter)
}
