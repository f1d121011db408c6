import {type Amounts, type CallOptions, formatBytes, isOmniError, type NodeCapacity} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {podRequest} from '../cluster/amounts.ts'
import {capacityOf} from '../cluster/capacity.ts'
import {KINDS} from './names.ts'
import type {PodObject} from './wire.ts'

/** `needs 2 cpus, largest free 0.5 on node1`; undefined when it is for another reason, or nodes and pods are not for this user's eyes. */
export async function shortageOf(
  client: KubeClient,
  pod: PodObject,
  {signal}: CallOptions,
): Promise<string | undefined> {
  try {
    const [nodes, pods] = await Promise.all([
      client.list(KINDS.node, {signal}),
      client.list<PodObject>(KINDS.pod, {allNamespaces: true, signal}),
    ])
    return shortage(podRequest(pod), capacityOf(nodes, pods).nodes)
  } catch (error) {
    if (isOmniError(error) && error.code === 'FORBIDDEN') return undefined
    throw error
  }
}

const WORDS: readonly (readonly [keyof Amounts, (amount: number) => string])[] = [
  ['cpus', (cpus) => `${cpus} cpus`],
  ['memoryBytes', (bytes) => `${formatBytes(bytes)} of memory`],
  ['gpus', (gpus) => `${gpus} gpus`],
]

/** What no usable node has, each with the node that has most of it. Pure. */
export function shortage(needed: Amounts, nodes: readonly NodeCapacity[]): string | undefined {
  const usable = nodes.filter((node) => node.usable)
  const missing = WORDS.flatMap(([amount, words]) => {
    const most = usable.toSorted((a, b) => b.free[amount] - a.free[amount])[0]
    if (needed[amount] === 0 || (most !== undefined && most.free[amount] >= needed[amount])) return []
    const free = most === undefined ? 'no node is usable' : `largest free ${words(most.free[amount])} on ${most.name}`
    return [`needs ${words(needed[amount])}, ${free}`]
  })
  return missing.length === 0 ? undefined : missing.join('; ')
}
