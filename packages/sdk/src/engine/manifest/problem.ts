import {type ErrorCode, OmniError} from '../../errors.ts'
import {escapeTerminal} from '../../io/escape.ts'
import {maskLine} from './mask-line.ts'

/** One mistake in a file; line and column count from 1. */
export interface Problem {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly message: string
  readonly hint?: string | undefined
}

/** A problem with what the report needs beside it. */
export interface FoundProblem extends Problem {
  /** The line of the file it is in. */
  readonly sourceLine?: string | undefined
  /** Set when it is not the file that is wrong, but something is missing here. */
  readonly code?: ErrorCode | undefined
}

const MOST = 50

/**
 * All problems as one error. The message is the report for a person, `details` are the problems. The code is
 * MANIFEST_INVALID, unless every problem has the same other one.
 */
export function problemsError(found: readonly FoundProblem[]): OmniError {
  const sorted = [...found].sort(
    (a, b) => Number(a.file > b.file) - Number(a.file < b.file) || a.line - b.line || a.column - b.column,
  )
  const codes = new Set(sorted.map((problem) => problem.code ?? 'MANIFEST_INVALID'))
  const [code = 'MANIFEST_INVALID'] = codes
  const rest = sorted.length > MOST ? [`… and ${sorted.length - MOST} more`] : []
  const files = new Set(sorted.map((problem) => problem.file)).size
  const count = sorted.length === 1 ? 'one problem' : `${sorted.length} problems`
  const title = files === 1 ? `${count} in ${escapeTerminal(sorted[0]?.file ?? '')}` : `${count} in ${files} files`
  return new OmniError(
    codes.size === 1 ? code : 'MANIFEST_INVALID',
    [title, ...sorted.slice(0, MOST).map(reportOf), ...rest].join('\n'),
    {details: sorted.map(({sourceLine: _, code: __, ...problem}) => problem)},
  )
}

/** `file:line:col: message`, the hint, and the line, secrets masked, with a caret under the place. */
function reportOf({file, line, column, message, hint, sourceLine}: FoundProblem): string {
  const head = `${escapeTerminal(file)}:${line}:${column}: ${escapeTerminal(message)}`
  const text = hint === undefined ? head : `${head}; ${escapeTerminal(hint)}`
  if (sourceLine === undefined || sourceLine.trim() === '') return text
  const masked = maskLine(sourceLine, column)
  const from = Math.max(0, masked.column - 60)
  const shown = masked.text.slice(from, from + 100)
  if (escapeTerminal(shown) !== shown) return text
  const gutter = `  ${line} | `
  return `${text}\n${gutter}${shown}\n${' '.repeat(gutter.length + masked.column - 1 - from)}^`
}
