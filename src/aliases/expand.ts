import {OmniError} from '@omni-cli/sdk'
import {splitWords} from './split.ts'

export type Aliases = Readonly<Record<string, string | readonly string[]>>

/** With one of these taken away a person could not repair the aliases any more. */
export const PROTECTED_NAMES: readonly string[] = [
  'alias',
  'help',
  'plugin',
  'plugins',
  'completion',
  'config',
  'doctor',
]

/**
 * Replaces the first word while it is an alias that was not expanded before in this chain (the rule of bash), so that
 * `deploy: deploy --wait` is safe and two that name each other end. The other words are appended. CONFIG_INVALID for
 * an alias with an open quote.
 */
export function expandAliases(argv: readonly string[], aliases: Aliases): readonly string[] {
  const used = new Set<string>()
  let words = argv
  for (;;) {
    const [name, ...rest] = words
    if (name === undefined || used.has(name) || !isExpandable(name, aliases)) return words
    used.add(name)
    words = [...aliasWords(name, aliases[name] ?? name), ...rest]
  }
}

/** The words of one alias. CONFIG_INVALID when a quote is not closed or nothing is left. */
export function aliasWords(name: string, value: string | readonly string[]): readonly string[] {
  const words = typeof value === 'string' ? splitWords(value) : value
  if (words !== undefined && words.length > 0) return words
  const problem = words === undefined ? 'has a quote or a backslash that is not closed' : 'is empty'
  throw new OmniError('CONFIG_INVALID', `alias '${name}' ${problem}: ${String(value)}`, {
    hint: `omni alias remove ${name}`,
  })
}

const isExpandable = (name: string, aliases: Aliases): boolean =>
  !name.startsWith('-') && !name.startsWith('__') && Object.hasOwn(aliases, name) && !PROTECTED_NAMES.includes(name)
