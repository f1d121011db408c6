import type {Facts} from '../facts.ts'
import {evidenceOf, together, unscheduled, type Waiting} from '../look.ts'
import type {Rule} from '../rule.ts'

interface Mismatch {
  readonly id: string
  readonly looksAt: string
  readonly pattern: RegExp
  readonly message: (match: RegExpExecArray, facts: Facts) => string
  readonly fix: (facts: Facts, match: RegExpExecArray) => string
}

const MISMATCHES: readonly Mismatch[] = [
  {
    id: 'volume-missing',
    looksAt: 'claims that are not there',
    pattern: /persistentvolumeclaim "([^"]+)" not found/,
    message: ([, claim]) => `the volume claim '${claim}' is not there`,
    fix: ({namespace}) => `omni get persistentvolumeclaims --namespace ${namespace}`,
  },
  {
    id: 'volume-node',
    looksAt: 'volumes that other nodes have',
    pattern: /volume node affinity conflict/,
    message: () => 'its volume is on a node that has no room for the pod, or is not ready',
    fix: () => 'omni cluster capacity',
  },
  {
    id: 'taints',
    looksAt: 'taints that the pods do not tolerate',
    pattern: /had (?:untolerated )?taints? (\{[^}]*\})?/,
    message: ([, taint]) =>
      `nodes keep the pods away by a taint that they do not tolerate${taint === undefined ? '' : `: ${taint}`}`,
    fix: () => 'omni get nodes -o yaml, and add the toleration to the service or its runtime',
  },
  {
    id: 'node-selector',
    looksAt: 'labels that the pods want of a node',
    pattern: /didn't match (?:Pod's )?(?:node selector|node affinity)/i,
    message: (_, facts) =>
      `no node with room has the labels that the pods want: ${wantedLabels(facts).join(', ') || 'node affinity'}`,
    fix: () => 'omni get nodes -o yaml',
  },
  {
    id: 'pod-limit',
    looksAt: 'how many pods a node takes',
    pattern: /Too many pods/,
    message: () => 'every node that fits has as many pods as it takes',
    fix: () => 'omni cluster capacity',
  },
  {
    id: 'anti-affinity',
    looksAt: 'pods that must not be together',
    pattern: /didn't (?:match|satisfy) (?:existing )?pods?(?: affinity\/)?(?:'s)? ?anti-affinity/i,
    message: () => 'the pods may not share a node with pods that are there, and no other node is free',
    fix: () => 'omni cluster capacity',
  },
]

/** Labels but that of the model, which has a rule of its own. */
const wantedLabels = (facts: Facts): string[] => [
  ...new Set(
    unscheduled(facts).flatMap(({pod}) =>
      Object.entries(pod.spec?.nodeSelector ?? {})
        .filter(([key]) => !key.startsWith('models.ome.io/'))
        .map(([key, value]) => `${key}=${value}`),
    ),
  ),
]

const isOfModelOnly = (waiting: Waiting, facts: Facts): boolean =>
  wantedLabels(facts).length === 0 && Object.keys(waiting.pod.spec?.nodeSelector ?? {}).length > 0

const mismatchRule = ({id, looksAt, pattern, message, fix}: Mismatch): Rule => ({
  ...{id, looksAt, severity: 'cause'},
  find: (facts) =>
    together(
      unscheduled(facts).filter(
        (waiting) => pattern.test(waiting.message) && !(id === 'node-selector' && isOfModelOnly(waiting, facts)),
      ),
      (those) => {
        const match = pattern.exec(those[0].message)
        if (match === null) throw new Error('matched before')
        return {message: message(match, facts), evidence: evidenceOf(those), fix: fix(facts, match)}
      },
    ),
})

/** What keeps pods from nodes beside a shortage. */
export const PLACEMENT_RULES: readonly Rule[] = MISMATCHES.map(mismatchRule)
