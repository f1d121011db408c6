import {OmniError} from '@omni-cli/sdk'

const PAIR = /^(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=/
const ESCAPES: Readonly<Record<string, string>> = {n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$', '`': '`'}

/**
 * The pairs of a `.env` file: `KEY=value`, `KEY="with \n and \" "`, `KEY='as it is'`, over lines inside of quotes, comments
 * with `#`. Nothing is expanded. USAGE with the line of what is no pair; a later pair wins.
 */
export function parseEnvFile(text: string): Record<string, string> {
  const pairs = new Map<string, string>()
  const whole = text.replace(/^\ufeff/, '').replace(/\r\n/g, '\n')
  let rest = whole
  const lineOf = (): number => whole.slice(0, whole.length - rest.length).split('\n').length
  for (;;) {
    rest = rest.replace(/^(?:\s+|#[^\n]*)+/, '')
    if (rest === '') return Object.fromEntries(pairs)
    const head = PAIR.exec(rest)
    if (head === null) throw wrong(lineOf(), 'expected KEY=value')
    const value = readValue(rest.slice(head[0].length), lineOf)
    pairs.set(head[1] ?? '', value.text)
    rest = value.rest
  }
}

interface Read {
  readonly text: string
  readonly rest: string
}

function readValue(text: string, lineOf: () => number): Read {
  const start = text.replace(/^[ \t]+(?=["'])/, '')
  const quote = start[0]
  if (quote !== '"' && quote !== "'") {
    const [whole = ''] = /^[^\n]*/.exec(text) ?? []
    // As for a shell, # begins a comment only behind a space.
    return {text: whole.replace(/\s#.*$/, '').trim(), rest: text.slice(whole.length)}
  }
  const quoted = quote === '"' ? /^"((?:[^"\\]|\\[\s\S])*)"/ : /^'([^']*)'/
  const match = quoted.exec(start)
  if (match === null) throw wrong(lineOf(), 'the quote does not end')
  const rest = start.slice(match[0].length)
  const behind = /^[^\n]*/.exec(rest)?.[0] ?? ''
  if (!/^\s*(#.*)?$/.test(behind)) throw wrong(lineOf(), 'there is something behind the closing quote')
  const inner = match[1] ?? ''
  const value = quote === "'" ? inner : inner.replace(/\\([\s\S])/g, (all, one: string) => ESCAPES[one] ?? all)
  return {text: value, rest: rest.slice(behind.length)}
}

/** The line itself is not shown: it may hold a secret. */
const wrong = (line: number, message: string): OmniError => new OmniError('USAGE', `line ${line}: ${message}`)
