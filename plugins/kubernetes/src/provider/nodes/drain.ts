import {type CallOptions, isOmniError, mapLimit, OmniError, poll} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {KINDS} from '../apps/names.ts'
import type {PodObject} from '../apps/wire.ts'

const AT_ONCE = 8
/** A budget that allows no eviction now may allow one a moment later. */
const RETRY_MS = 2_000
const TIMEOUT_MS = 30 * 60_000

/** CONFLICT when pods would be lost for good: nobody would start them elsewhere. Changes nothing. */
export async function refuseUnowned(client: KubeClient, node: string, {signal}: CallOptions): Promise<void> {
  const unowned = (await podsOf(client, node, signal)).filter(
    ({metadata}) => metadata.ownerReferences?.some(({controller}) => controller === true) !== true,
  )
  const [first] = unowned
  if (first === undefined) return
  const names = unowned.map(({metadata}) => `${metadata.namespace}/${metadata.name}`).join(', ')
  throw new OmniError('CONFLICT', `node '${node}' has pods that nobody would start elsewhere: ${names}`, {
    hint: `omni delete pod ${first.metadata.name} --namespace ${first.metadata.namespace}`,
  })
}

/** Evicts the pods of a node and waits until they are gone. TIMEOUT when a disruption budget never allows it; Ctrl-C leaves the rest. */
export async function evictPods(client: KubeClient, node: string, {signal, onProgress}: CallOptions): Promise<void> {
  const pods = await podsOf(client, node, signal)
  await mapLimit(pods, AT_ONCE, async (pod) => {
    await poll({everyMs: RETRY_MS, timeoutMs: TIMEOUT_MS, signal}, () => evict(client, pod, {signal, onProgress}))
  })
  const waiting = new Set(pods.map(({metadata}) => metadata.uid))
  await poll({everyMs: 500, timeoutMs: TIMEOUT_MS, signal}, async () => {
    const left = (await podsOf(client, node, signal)).filter(({metadata}) => waiting.has(metadata.uid))
    if (left.length > 0) onProgress?.(`${left.length} of ${pods.length} pods still end`)
    return left.length === 0
  })
}

/** What a DaemonSet or the node itself runs belongs to it, and what is over is left. */
async function podsOf(client: KubeClient, node: string, signal: AbortSignal | undefined): Promise<PodObject[]> {
  const options = {allNamespaces: true, fields: `spec.nodeName=${node}`, signal}
  return (await client.list<PodObject>(KINDS.pod, options)).filter(({metadata, status}) => {
    const isOfNode = metadata.ownerReferences?.some(({kind}) => kind === 'DaemonSet' || kind === 'Node') === true
    const isOver = status?.phase === 'Succeeded' || status?.phase === 'Failed'
    return !isOfNode && !isOver && metadata.annotations?.['kubernetes.io/config.mirror'] === undefined
  })
}

/** True when it is on its way; false when its budget does not allow it now. */
async function evict(client: KubeClient, {metadata}: PodObject, {signal, onProgress}: CallOptions): Promise<boolean> {
  const {name, namespace} = metadata
  const path = `${client.pathOf(KINDS.pod, {namespace, name})}/eviction`
  const kinds = await client.kinds({signal})
  const version = kinds.some(({group, version: one}) => group === 'policy' && one === 'v1') ? 'v1' : 'v1beta1'
  const body = {apiVersion: `policy/${version}`, kind: 'Eviction', metadata: {name, namespace}}
  try {
    await client.request({method: 'POST', path, body}, {signal})
    return true
  } catch (error) {
    if (!isOmniError(error)) throw error
    if (error.code === 'NOT_FOUND') return true
    if (!/disruption budget/i.test(error.message)) throw error
    onProgress?.(`${name} waits for its disruption budget`)
    return false
  }
}
