import {formatBytes} from '@omni-cli/sdk'
import {at, numberAt, textAt} from '../../../../fields.ts'
import {isGpuResource} from '../../resources.ts'
import {freeOn, requestOf} from '../devices.ts'
import type {Facts} from '../facts.ts'
import {conditionOf, evidenceOf, isTrue, some, together, unscheduled, type Waiting, wantedOf} from '../look.ts'
import type {Rule} from '../rule.ts'
import {PLACEMENT_RULES} from './placement.ts'

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
  ...PLACEMENT_RULES,
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
