import {formatBytes} from '@omni-cli/sdk'
import {at, numberAt, textAt} from '../../fields.ts'
import {isGpuResource} from '../../resources.ts'
import {freeOn, requestOf} from '../devices.ts'
import type {Facts} from '../facts.ts'
import {conditionOf, isTrue, some, together, unscheduled, wantedOf} from '../look.ts'
import type {Rule} from '../rule.ts'

type Waiting = ReturnType<typeof unscheduled>[number]

const evidenceOf = (waiting: readonly Waiting[]): string[] =>
  some([...new Set(waiting.map(({pod, message}) => `${pod.metadata.name}: ${message}`))], 3)

const gpuOf = ({pod}: Waiting): string | undefined =>
  (pod.spec?.containers ?? [])
    .flatMap(({resources}) => Object.keys({...resources?.requests, ...resources?.limits}))
    .find(isGpuResource)

const lacks = (waiting: Waiting, resource: string): boolean =>
  new RegExp(`Insufficient ${resource.replaceAll('.', '\\.')}(?!\\.?[\\w/-])`).test(waiting.message)

/** Nodes that are ready and take pods. */
const usable = ({nodes}: Facts) =>
  nodes.filter((node) => isTrue(conditionOf(node, 'Ready')) && at(node, 'spec', 'unschedulable') !== true)

const freeNow = (facts: Facts, resource: string) => freeOn(usable(facts), facts.allPods ?? facts.pods, resource)

/** Old pods run and hold what the new ones wait for. */
const isRolling = ({deployments, pods}: Facts): boolean =>
  pods.some(({status, metadata}) => status?.phase === 'Running' && metadata.deletionTimestamp === undefined) &&
  deployments.some((deployment) => {
    const all = numberAt(deployment, 'status', 'replicas') ?? 0
    return all > wantedOf(deployment) && (numberAt(deployment, 'status', 'updatedReplicas') ?? 0) > 0
  })

interface Shortage {
  readonly id: string
  readonly looksAt: string
  readonly resource: string
  readonly format: (amount: number) => string
}

const shortageRule = ({id, looksAt, resource, format}: Shortage): Rule => ({
  ...{id, looksAt, severity: 'cause'},
  find: (facts) =>
    together(
      unscheduled(facts).filter((waiting) => lacks(waiting, resource)),
      (those) => {
        const [most] = freeNow(facts, resource)
        const free = most === undefined ? '' : `, most free ${format(most.free)} on ${most.node}`
        const what = resource === 'cpu' ? 'CPU' : 'memory'
        return {
          message: `not enough ${what}: a replica needs ${format(requestOf(those[0].pod, resource))}${free}`,
          evidence: evidenceOf(those),
          fix: 'omni cluster capacity',
        }
      },
    ),
})

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

const needsGpu = (facts: Facts) =>
  unscheduled(facts).flatMap((waiting) => {
    const resource = gpuOf(waiting)
    return resource !== undefined && lacks(waiting, resource) ? [{waiting, resource}] : []
  })

/** Pods that no node takes. */
export const SCHEDULING_RULES: readonly Rule[] = [
  {
    id: 'gpus-none',
    looksAt: 'whether any node has such devices',
    severity: 'cause',
    find: (facts) =>
      together(
        needsGpu(facts).filter(
          ({resource}) => facts.nodes.length > 0 && freeOn(facts.nodes, [], resource).length === 0,
        ),
        ([{resource, waiting}]) => ({
          message: `no node of the cluster has ${resource}: a replica needs ${requestOf(waiting.pod, resource)}`,
          evidence: evidenceOf([waiting]),
          fix: 'omni cluster capacity',
        }),
      ),
  },
  {
    id: 'gpus-for-rollout',
    looksAt: 'devices for one more replica while pods are exchanged',
    severity: 'cause',
    find: (facts) =>
      together(
        needsGpu(facts).filter(() => isRolling(facts)),
        ([{resource, waiting}]) => {
          const [most] = freeNow(facts, resource)
          return {
            message: `the new pods wait for ${requestOf(waiting.pod, resource)} ${resource}, which the old ones hold: a rolling update needs room for one more replica, largest free ${most?.free ?? 0}${most === undefined ? '' : ` on ${most.node}`}`,
            evidence: evidenceOf([waiting]),
            fix: `omni update service ${facts.name} --rollout recreate`,
          }
        },
      ),
  },
  {
    id: 'gpus-missing',
    looksAt: 'devices that are free on single nodes',
    severity: 'cause',
    find: (facts) =>
      together(
        needsGpu(facts).filter(({resource}) => !isRolling(facts) && freeOn(facts.nodes, [], resource).length > 0),
        (those) => {
          const [{resource, waiting}] = those
          const nodes = freeNow(facts, resource)
          const [most] = nodes
          const where = most === undefined ? 'no usable node has any' : `largest free ${most.free} on ${most.node}`
          return {
            message: `GPUs missing: need ${requestOf(waiting.pod, resource)}, ${where}`,
            evidence: [
              ...evidenceOf(those.map((one) => one.waiting)),
              ...some(nodes.map(({node, free, all}) => `${node}: ${free} of ${all} ${resource} free`)),
            ],
            fix: 'omni cluster resources',
          }
        },
      ),
  },
  shortageRule({
    id: 'cpu-missing',
    looksAt: 'CPU that is free on single nodes',
    resource: 'cpu',
    format: (amount) => String(Math.round(amount * 100) / 100),
  }),
  shortageRule({
    id: 'memory-missing',
    looksAt: 'memory that is free on single nodes',
    resource: 'memory',
    format: formatBytes,
  }),
  {
    id: 'volume-unbound',
    looksAt: 'claims of the pods that have no volume',
    severity: 'cause',
    find: (facts) =>
      together(
        unscheduled(facts).filter(({message}) => /unbound (?:immediate )?PersistentVolumeClaims/i.test(message)),
        (those) => {
          const unbound = facts.claims.filter((claim) => textAt(claim, 'status', 'phase') !== 'Bound')
          const names = unbound.map(({metadata}) => metadata.name)
          return {
            message: `the volume claim ${names.map((name) => `'${name}'`).join(', ') || 'of the pods'} has no volume`,
            evidence: [
              ...evidenceOf(those),
              ...unbound.map(
                (claim) =>
                  `${claim.metadata.name}: ${textAt(claim, 'status', 'phase') ?? '?'}, class ${textAt(claim, 'spec', 'storageClassName') ?? 'none'}`,
              ),
            ],
            fix: `omni describe persistentvolumeclaim ${names[0] ?? 'NAME'} --namespace ${facts.namespace}`,
          }
        },
      ),
  },
  ...MISMATCHES.map(mismatchRule),
  {
    id: 'not-placed',
    looksAt: 'pods that no scheduler has looked at',
    severity: 'warning',
    find: ({pods, nowMs, name}) =>
      together(
        pods.filter(
          ({metadata, status, spec}) =>
            status?.phase === 'Pending' &&
            (spec?.nodeName ?? '') === '' &&
            !(status.conditions ?? []).some(({type}) => type === 'PodScheduled') &&
            nowMs - Date.parse(String(metadata.creationTimestamp ?? '')) > 30_000,
        ),
        (those) => ({
          message: 'no scheduler has looked at its pods yet',
          evidence: some(those.map(({metadata}) => metadata.name)),
          fix: `omni events service ${name}`,
        }),
      ),
  },
]
