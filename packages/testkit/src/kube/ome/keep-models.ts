import type {KubeObject} from '../objects.ts'
import type {Cluster} from './cluster.ts'
import {modelLabel} from './workload.ts'

export interface AgentOptions {
  readonly omeNamespace: string
  readonly nodes: readonly string[]
  /** How a download goes. */
  readonly download: {
    readonly totalBytes: number
    readonly files: number
    readonly steps: number
    readonly stepMs: number
  }
  /** What is wrong with the download of a model. */
  failure(model: string): string | undefined
  isDown(node: string): boolean
}

const API = '/apis/ome.io/v1beta1'
const SCHEMES: Readonly<Record<string, 'downloaded' | 'taken' | 'ignored'>> = {
  hf: 'downloaded',
  oci: 'downloaded',
  local: 'taken',
  vendor: 'taken',
  pvc: 'ignored',
}

/** Where a model is looked for. */
export interface ModelPlace {
  /** Absent: for all namespaces. */
  readonly namespace?: string | undefined
  readonly name: string
}

const pathOf = ({namespace, name}: ModelPlace): string =>
  namespace === undefined ? `${API}/clusterbasemodels/${name}` : `${API}/namespaces/${namespace}/basemodels/${name}`

const finalizerOf = ({kind}: KubeObject): string =>
  `${kind === 'BaseModel' ? 'basemodels' : 'clusterbasemodels'}.ome.io/finalizer`

/** Milliseconds until the model is to be looked at again; undefined: when it changes. */
export async function reconcileModel(
  cluster: Cluster,
  place: ModelPlace,
  agents: AgentOptions,
): Promise<number | undefined> {
  const path = pathOf(place)
  const model = await cluster.get(path)
  if (model === undefined) return undefined
  if (model.metadata.deletionTimestamp !== undefined) return removeModel(cluster, path, model, agents)
  if (model.metadata.finalizers?.includes(finalizerOf(model)) !== true) {
    await cluster.patch(path, {metadata: {finalizers: [...(model.metadata.finalizers ?? []), finalizerOf(model)]}})
  }
  const states = await Promise.all(
    agents.nodes.map(async (node) => ({node, status: await stepOnNode(cluster, model, node, agents)})),
  )
  const nodesReady = states.filter(({status}) => status === 'Ready').map(({node}) => node)
  const nodesFailed = states.filter(({status}) => status === 'Failed').map(({node}) => node)
  const state = nodesReady.length > 0 ? 'Ready' : nodesFailed.length > 0 ? 'Failed' : 'In_Transit'
  const before = model.status ?? {}
  if (
    before.state !== state ||
    String(before.nodesReady ?? '') !== String(nodesReady) ||
    String(before.nodesFailed ?? '') !== String(nodesFailed)
  ) {
    await cluster.patch(`${path}/status`, {status: {state, nodesReady, nodesFailed}})
  }
  return states.some(({status}) => status === 'Updating') ? agents.download.stepMs : undefined
}

type NodeStatus = 'Ready' | 'Updating' | 'Failed' | 'Deleted'

interface Entry {
  readonly name: string
  readonly status: NodeStatus
  readonly progress?: {readonly completedBytes: number; readonly lastUpdated: string} | undefined
}

const entryKey = (model: KubeObject): string => modelLabel(model).replace('models.ome.io/', '')

/** What the agent of a node does next for a model; undefined when it leaves it alone. */
async function stepOnNode(
  cluster: Cluster,
  model: KubeObject,
  node: string,
  agents: AgentOptions,
): Promise<NodeStatus | undefined> {
  const {name} = model.metadata
  const map = `/api/v1/namespaces/${agents.omeNamespace}/configmaps/${node}`
  const text: string | undefined = (await cluster.get(map))?.data?.[entryKey(model)]
  const before: Entry | undefined = text === undefined ? undefined : JSON.parse(text)
  if (agents.isDown(node)) return before?.status
  const uri: string = model.spec.storage?.storageUri ?? ''
  const how = SCHEMES[uri.split('://')[0] ?? '']
  if (how === 'ignored') return undefined
  const failure = agents.failure(name) ?? (how === undefined ? `unknown storage type ${uri}` : undefined)
  if (failure !== undefined)
    return before?.status === 'Failed' ? 'Failed' : write(cluster, model, node, agents, {name, status: 'Failed'})
  if (before?.status === 'Ready' || how === 'taken') {
    return before?.status === 'Ready' ? 'Ready' : write(cluster, model, node, agents, {name, status: 'Ready'})
  }
  const {totalBytes, files, steps, stepMs} = agents.download
  const isSoon = Date.now() - Date.parse(before?.progress?.lastUpdated ?? '') < stepMs
  if (isSoon) return 'Updating'
  const done = Math.min(totalBytes, (before?.progress?.completedBytes ?? 0) + Math.ceil(totalBytes / steps))
  if (done >= totalBytes) return write(cluster, model, node, agents, {name, status: 'Ready'})
  const progress = {
    phase: 'Downloading',
    totalBytes,
    completedBytes: done,
    totalFiles: files,
    completedFiles: Math.floor((files * done) / totalBytes),
    speedBytesPerSec: Math.round(((totalBytes / steps) * 1000) / stepMs),
    lastUpdated: new Date().toISOString(),
  }
  return write(cluster, model, node, agents, {name, status: 'Updating', progress})
}

async function write(
  cluster: Cluster,
  model: KubeObject,
  node: string,
  {omeNamespace}: AgentOptions,
  entry: Entry,
): Promise<NodeStatus> {
  const namespace = {apiVersion: 'v1', kind: 'Namespace', metadata: {name: omeNamespace}}
  const maps = `/api/v1/namespaces/${omeNamespace}/configmaps`
  const labels = {'models.ome/basemodel-status': 'true'}
  if ((await cluster.get(`${maps}/${node}`)) === undefined) {
    await cluster.create('/api/v1/namespaces', namespace)
    await cluster.create(maps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {name: node, namespace: omeNamespace, labels},
    })
  }
  await cluster.patch(`${maps}/${node}`, {data: {[entryKey(model)]: JSON.stringify(entry)}})
  await cluster.patch(`/api/v1/nodes/${node}`, {metadata: {labels: {[modelLabel(model)]: entry.status}}})
  return entry.status
}

/** Takes a model off the nodes. One whose agent is down keeps its entry, and the model waits for it. */
async function removeModel(
  cluster: Cluster,
  path: string,
  model: KubeObject,
  agents: AgentOptions,
): Promise<number | undefined> {
  const up = agents.nodes.filter((node) => !agents.isDown(node))
  await Promise.all(up.map((node) => forget(cluster, model, node, agents.omeNamespace)))
  const maps = await cluster.list(`/api/v1/namespaces/${agents.omeNamespace}/configmaps`)
  const key = entryKey(model)
  const holding = maps.filter(({data}) => data?.[key] !== undefined && JSON.parse(data[key]).status !== 'Deleted')
  if (holding.length > 0) return 500
  const finalizers = model.metadata.finalizers?.filter((one) => one !== finalizerOf(model)) ?? []
  await cluster.patch(path, {metadata: {finalizers}})
  return undefined
}

/** Removes what an agent has written about a model. */
async function forget(cluster: Cluster, model: KubeObject, node: string, omeNamespace: string): Promise<void> {
  await cluster.patch(`/api/v1/namespaces/${omeNamespace}/configmaps/${node}`, {data: {[entryKey(model)]: null}})
  await cluster.patch(`/api/v1/nodes/${node}`, {metadata: {labels: {[modelLabel(model)]: null}}})
}
