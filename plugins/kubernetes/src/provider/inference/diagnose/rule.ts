import type {Finding} from '@omni-cli/sdk'
import type {Facts} from './facts.ts'

/** What a rule has found: the finding without what is the same every time. */
export interface Found {
  readonly message: string
  readonly evidence: readonly string[]
  readonly fix?: string | undefined
}

/** One question of the decision tree, as data. */
export interface Rule {
  readonly id: string
  /** For people: what it looks at. */
  readonly looksAt: string
  readonly severity: Finding['severity']
  /** Nothing when all is well, or nothing is known. */
  find(facts: Facts): readonly Found[]
}

const ORDER = ['cause', 'warning', 'info', 'ok'] as const

/** Asks all rules; causes first, each kind in the order of the rules, which is that from cause to symptom. */
export function findingsOf(rules: readonly Rule[], facts: Facts): Finding[] {
  const findings = rules.flatMap(({id, severity, find}) =>
    find(facts).map((found): Finding => ({rule: id, severity, ...found})),
  )
  return findings.toSorted((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity))
}
