import {OmniError} from '@omni-cli/sdk'
import {findKind} from '../resources/kinds.ts'
import {WORKLOADS} from './workload.ts'

export interface ExecWords {
  /** What is parsed as targets and flags. */
  readonly before: readonly string[]
  /** The words of the program, when they stand behind `--`. */
  readonly program: readonly string[] | undefined
}

/** Everything behind the first `--` belongs to the program inside. */
export function splitAtDashes(argv: readonly string[]): ExecWords {
  const at = argv.indexOf('--')
  return at === -1 ? {before: argv, program: undefined} : {before: argv.slice(0, at), program: argv.slice(at + 1)}
}

/**
 * Targets and program of `[KIND] NAME CMD…`, `NAME… -- CMD…`, and with a selector `CMD…` or `[KIND] -- CMD…`. No program
 * behind one target without a `--`: its shell is meant. USAGE without a target, else without a program.
 */
export function execWords(
  words: readonly string[],
  program: readonly string[] | undefined,
  isSelector: boolean,
): {readonly targets: readonly string[]; readonly program: readonly string[]} {
  const isKind = words.length > 1 && findKind(words[0] ?? '', WORKLOADS) !== undefined
  const count = program === undefined ? (isSelector ? 0 : isKind ? 2 : 1) : words.length
  const targets = words.slice(0, count)
  const found = program ?? words.slice(count)
  if (targets.length === 0 && !isSelector) {
    throw new OmniError('USAGE', 'name what to run the program in', {hint: "omni exec NAME 'uptime'"})
  }
  if (found.length === 0 && (isSelector || program !== undefined)) {
    throw new OmniError('USAGE', 'name the program to run', {hint: `omni exec ${targets[0] ?? '--all'} -- sh`})
  }
  return {targets, program: found}
}

/** One word with blanks is a line for the shell inside; anything else is a program with its arguments. */
export const machineArgv = (words: readonly string[]): readonly string[] =>
  words.length === 1 && /\s/.test(words[0] ?? '') ? ['sh', '-c', ...words] : words

/** `KEY=VALUE` words → variables. USAGE for a word without a key. */
export function parseVariables(words: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    words.map((word) => {
      const [key, value] = [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]
      if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(key) && word.includes('=')) return [key, value]
      throw new OmniError('USAGE', `--env '${key || word}' is no KEY=VALUE`)
    }),
  )
}
