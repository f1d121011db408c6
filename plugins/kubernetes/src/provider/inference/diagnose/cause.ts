import type {Facts} from './facts.ts'
import {findingsOf} from './rule.ts'
import {RULES} from './rules.ts'

/** The first cause in one line; undefined when none is seen. */
export function causeOf(facts: Facts): string | undefined {
  const [first] = findingsOf(RULES, facts)
  return first?.severity === 'cause' ? first.message : undefined
}
