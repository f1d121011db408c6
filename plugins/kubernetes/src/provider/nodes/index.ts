import {type ApiObject, type CallOptions, type NodeFacet, type NodeInfo, OmniError} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {KINDS} from '../apps/names.ts'

/** Nodes of a cluster. Draining cordons a node and evicts its pods, as far as their disruption budgets allow. */
export function createNodes(client: KubeClient): NodeFacet {
  return {
    list: async ({signal} = {}) => (await client.list<NodeObject>(KINDS.node, {signal})).map(toNode),
    drain: async (id, call = {}) => {
      await requireNode(client, id, call)
      const {evictPods, refuseUnowned} = await import('./drain.ts')
      await refuseUnowned(client, id, call)
      await setUnschedulable(client, id, true, call)
      await evictPods(client, id, call)
      return requireNode(client, id, call)
    },
    undrain: async (id, call = {}) => toNode(await setUnschedulable(client, id, false, call)),
  }
}

interface NodeObject extends ApiObject {
  readonly metadata: ApiObject['metadata'] & {readonly labels?: Readonly<Record<string, string>>}
  readonly spec?: {readonly unschedulable?: boolean}
  readonly status?: {
    readonly addresses?: readonly {readonly type: string; readonly address: string}[]
    readonly conditions?: readonly {readonly type: string; readonly lastHeartbeatTime?: string}[]
  }
}

function toNode({metadata, spec, status = {}}: NodeObject): NodeInfo {
  const {addresses = [], conditions = []} = status
  const addressOf = (type: string) => addresses.find((one) => one.type === type)?.address
  const hostname = metadata.labels?.['kubernetes.io/hostname']
  return {
    id: metadata.name,
    address: addressOf('InternalIP') ?? addressOf('ExternalIP') ?? addressOf('Hostname') ?? '',
    labels: {...metadata.labels, ...(hostname === undefined ? {} : {hostname})},
    draining: spec?.unschedulable === true,
    lastSeen: conditions.find(({type}) => type === 'Ready')?.lastHeartbeatTime ?? new Date(0).toISOString(),
  }
}

async function requireNode(client: KubeClient, name: string, {signal}: CallOptions): Promise<NodeInfo> {
  const node = await client.get<NodeObject>({kind: KINDS.node, name}, {signal})
  if (node === undefined) throw new OmniError('NOT_FOUND', `there is no node '${name}'`, {hint: 'omni node list'})
  return toNode(node)
}

async function setUnschedulable(
  client: KubeClient,
  name: string,
  unschedulable: boolean,
  {signal}: CallOptions,
): Promise<NodeObject> {
  await requireNode(client, name, {signal})
  return client.patch<NodeObject>({kind: KINDS.node, name}, {spec: {unschedulable}}, {type: 'merge', signal})
}
