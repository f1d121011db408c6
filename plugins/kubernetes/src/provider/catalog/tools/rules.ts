import type {Rule, RuleInput, RuntimeCheck} from './rule.ts'
import {acceleratorClasses, choice, priorities, sizes} from './rules-choice.ts'
import {devices, flags, image, probes, servedName, split} from './rules-server.ts'

const RULES: readonly Rule[] = [
  ...[sizes, choice, priorities, acceleratorClasses],
  ...[devices, split, image, flags, servedName, probes],
]

/** What can be told without a server, in the order it is shown. Pure. */
export const runtimeChecks = (input: RuleInput): RuntimeCheck[] => RULES.map((rule) => rule(input))
