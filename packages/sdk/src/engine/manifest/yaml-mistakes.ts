import type {YAMLException} from 'js-yaml'
import type {FoundProblem} from './problem.ts'
import {MAX_DEPTH, problemAt, type Source} from './tree.ts'

/** Problems collected of one file; what follows is mostly an echo. */
export const MOST = 20

/** A reference in a flow collection, whose braces YAML takes for its own. */
const UNQUOTED = /[[{,:]\s*\$\{(var\.|index\b)/

/**
 * js-yaml is four times as fast and stops at the first mistake; `yaml` goes on after one, so it tells all of them.
 * What only the first minds is told in its words.
 */
export async function mistakesIn(text: string, source: Source, first: YAMLException): Promise<FoundProblem[]> {
  const {parseAllDocuments} = await import('yaml')
  const found: FoundProblem[] = []
  for (const {errors} of parseAllDocuments(text, {uniqueKeys: false, prettyErrors: false, logLevel: 'silent'})) {
    for (const error of errors.slice(0, MOST)) {
      found.push(problemAt(source, error.pos[0], wordingOf(error)))
      if (error.message.startsWith('Maximum call stack')) return found
    }
  }
  const unquoted = found.find(({sourceLine = ''}) => UNQUOTED.test(sourceLine))
  // What follows after it is its echo.
  if (unquoted !== undefined) {
    const before = found.slice(0, found.indexOf(unquoted))
    return [
      ...before,
      {...unquoted, message: 'between { } and [ ], a reference is put in quotes', hint: `"\${var.NAME}"`},
    ]
  }
  if (found.length > 0) return found
  const problem = first.reason.includes('maxDepth') ? tooDeep : {message: first.reason}
  return [problemAt(source, first.mark?.position ?? 0, problem)]
}

function wordingOf(error: {readonly code: string; readonly message: string}): {message: string; hint?: string} {
  if (error.code === 'TAB_AS_INDENT') return {message: 'a tab cannot indent YAML', hint: 'use spaces'}
  if (error.message.startsWith('Maximum call stack')) return tooDeep
  return {message: error.message.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase())}
}

export const tooDeep = {message: `nested deeper than ${MAX_DEPTH} levels`}
