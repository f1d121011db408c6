import {isSecretKey, REDACTED} from '../../io/redact.ts'

const KEY = /(?:"((?:\\.|[^"\\])*)"|'([^']*)'|([\w.-]+))\s*[:=]\s*/g

/** Nothing, a flag, the mark of a block, a reference: what may stand under a secret key and be shown. */
const HARMLESS =
  /(?:""|''|true|false|null|~|[|>][-+\d]*|\{\s*["']?(?:env|file)["']?\s*:[^{},]*\}|(["']?)\$\{var\.[^{}]*\}\1)?(?=\s*(?:$|[,}\]#]))/y

const END = String.raw`(?=\s*(?:$|[,}\]]|\s#))`
const QUOTED = String.raw`"(?:\\.|[^"\\])*"${END}|'(?:''|[^'])*'${END}`
/** What is neither is masked to the end of the line: rather too much than a part of a secret. */
const IN_BLOCK = new RegExp(`${QUOTED}|.*`, 'y')
const IN_FLOW = new RegExp(`${QUOTED}|[^,}\\]"'{[#&!]+(?=[,}\\]]|$)|.*`, 'y')

export interface MaskedLine {
  readonly text: string
  /** Where the column (from 1) of the line as it was written is now. */
  readonly column: number
}

/** A line of YAML, JSON or TOML without the values of keys that look secret. */
export function maskLine(line: string, column: number): MaskedLine {
  let [text, shownColumn, copied] = ['', column, 0]
  for (const match of line.matchAll(KEY)) {
    const from = match.index + match[0].length
    if (match.index < copied || !isSecretKey(match[1] ?? match[2] ?? match[3] ?? '')) continue
    const length = secretLength(line, from)
    if (length === 0) continue
    text += line.slice(copied, from) + REDACTED
    copied = from + length
    if (column > copied) shownColumn += REDACTED.length - length
    else if (column > from) shownColumn -= column - 1 - from
  }
  return {text: text + line.slice(copied), column: shownColumn}
}

function secretLength(line: string, from: number): number {
  HARMLESS.lastIndex = from
  if (HARMLESS.test(line)) return 0
  const value = /[{[]/.test(line.slice(0, from)) ? IN_FLOW : IN_BLOCK
  value.lastIndex = from
  return value.exec(line)?.[0].length ?? 0
}
