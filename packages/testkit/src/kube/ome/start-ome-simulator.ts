import {type KubeAccess, readAccess} from '../kube-http.ts'
import type {KubeObject} from '../objects.ts'
import {type Cluster, openCluster} from './cluster.ts'
import {type AgentOptions, reconcileModel} from './keep-models.ts'
import {createQueue} from './queue.ts'
import {reconcileService, type ServingOptions} from './serve-models.ts'

export interface OmeSimulatorOptions {
  /** The API server, or a kubeconfig and the name of a context in it. */
  readonly cluster: KubeAccess | {readonly kubeconfig: string; readonly context?: string | undefined}
  /** Whose services and models are looked after. Default: all. Several simulators share a cluster by having others each. */
  readonly namespaces?: readonly string[] | undefined
  /** Models and runtimes of the whole cluster that are looked after. Default: all. */
  readonly owns?: ((name: string) => boolean) | undefined
  /** Where the agents write. Default `ome`. */
  readonly omeNamespace?: string | undefined
  /** Nodes with an agent. Default: all that there are at the start. */
  readonly nodes?: readonly string[] | undefined
  /** Devices `nvidia.com/gpu` that each of the nodes has, at least. Default: what they say. */
  readonly gpus?: number | undefined
  /** Runs instead of the runners' images: one with `node` and `/app/model-server.cjs`. */
  readonly image?: string | undefined
  /** Of the runners, on top of their own. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Default: 4 GiB in 3 files, 4 steps of 100 ms. */
  readonly download?: Partial<AgentOptions['download']> | undefined
}

/** Stands in for the operator of OME and for the agents on the nodes. */
export interface OmeSimulator extends AsyncDisposable {
  /** From now on a model cannot be downloaded; without a message it can again. */
  failModel(model: string, message?: string): void
  /** From now on a service counts as unhealthy, with this message; without one it does not any more. */
  failService(service: string, message?: string): void
  /** The agent of a node stops, or goes on: models that are deleted hang meanwhile. */
  setAgent(node: string, isUp: boolean): void
  /** What did not work at the last try, by what it was about. */
  readonly errors: ReadonlyMap<string, string>
}

const API = '/apis/ome.io/v1beta1'
const DOWNLOAD = {totalBytes: 4 * 1024 ** 3, files: 3, steps: 4, stepMs: 100}

/**
 * Does on an API server what the operator of OME and its agents do: workloads of InferenceServices, their status and events,
 * models on nodes with progress, finalizers. It downloads and serves nothing itself.
 */
export async function startOmeSimulator(options: OmeSimulatorOptions): Promise<OmeSimulator> {
  const {cluster: where, namespaces, owns = () => true} = options
  const cluster = openCluster('server' in where ? where : await readAccess(where.kubeconfig, where.context))
  const found = await cluster.list('/api/v1/nodes')
  const nodes = options.nodes ?? found.map(({metadata}) => metadata.name)
  if (options.gpus !== undefined) await Promise.all(found.map((node) => addDevices(cluster, node, options.gpus ?? 0)))
  const [badModels, badServices, down] = [new Map<string, string>(), new Map<string, string>(), new Set<string>()]
  const agents: AgentOptions = {
    omeNamespace: options.omeNamespace ?? 'ome',
    nodes,
    download: {...DOWNLOAD, ...options.download},
    failure: (model) => badModels.get(model),
    isDown: (node) => down.has(node),
  }
  const serving: ServingOptions = {
    image: options.image,
    env: options.env,
    isCandidate: owns,
    unhealthy: (service) => badServices.get(service),
  }
  const queue = createQueue(async (key) => {
    const [kind, namespace = '', name = ''] = key.split('/')
    if (kind === 'service') return reconcileService(cluster, {namespace, name}, serving)
    const again = await reconcileModel(cluster, {namespace: namespace || undefined, name}, agents)
    if (again !== undefined) queue.add(key, again)
  })
  const known = new Set<string>()
  const add = (
    kind: string,
    {namespace = '', name}: {readonly namespace?: string | undefined; readonly name: string},
  ) => {
    const key = `${kind}/${namespace}/${name}`
    known.add(key)
    queue.add(key)
  }
  const again = (kind: string) => {
    for (const key of known) if (key.startsWith(`${kind}/`)) queue.add(key)
  }
  const stop = new AbortController()
  const watches = watchAll(cluster, namespaces, {signal: stop.signal, add, again, owns})
  const toggle = (map: Map<string, string>, name: string, message: string | undefined) => {
    if (message === undefined) map.delete(name)
    else map.set(name, message)
    again('model')
    again('service')
  }
  return {
    errors: queue.errors,
    failModel: (model, message) => toggle(badModels, model, message),
    failService: (service, message) => toggle(badServices, service, message),
    setAgent(node, isUp) {
      if (isUp) down.delete(node)
      else down.add(node)
      again('model')
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await Promise.all([...watches, queue.close()])
    },
  }
}

interface Watching {
  readonly signal: AbortSignal
  add(kind: 'service' | 'model', place: KubeObject['metadata']): void
  again(kind: 'service' | 'model'): void
  owns(name: string): boolean
}

function watchAll(
  cluster: Cluster,
  namespaces: readonly string[] | undefined,
  {signal, add, again, owns}: Watching,
): Promise<void>[] {
  const scopes = namespaces === undefined ? [''] : namespaces.map((name) => `/namespaces/${name}`)
  const ofScope = (scope: string) => [
    cluster.watch(`${API}${scope}/inferenceservices`, signal, ({metadata}) => add('service', metadata)),
    cluster.watch(`${API}${scope}/basemodels`, signal, ({metadata}) => {
      add('model', metadata)
      again('service')
    }),
    cluster.watch(`${API}${scope}/servingruntimes`, signal, () => again('service')),
    cluster.watch(`/apis/apps/v1${scope}/deployments`, signal, ({metadata}) => {
      const owner = metadata.ownerReferences?.find(({kind}) => kind === 'InferenceService')
      if (owner !== undefined) add('service', {namespace: metadata.namespace, name: owner.name})
    }),
  ]
  return [
    ...scopes.flatMap(ofScope),
    cluster.watch(`${API}/clusterbasemodels`, signal, ({metadata}) => {
      if (!owns(metadata.name)) return
      add('model', {name: metadata.name})
      again('service')
    }),
    cluster.watch(`${API}/clusterservingruntimes`, signal, ({metadata}) => {
      if (owns(metadata.name)) again('service')
    }),
  ]
}

/** Devices that are not there: a node says how many it has of a resource that nobody manages. */
async function addDevices(cluster: Cluster, {metadata: {name}, status}: KubeObject, count: number): Promise<void> {
  const has = Number(status?.allocatable?.['nvidia.com/gpu'] ?? 0)
  if (has >= count) return
  const amount = {'nvidia.com/gpu': String(count)}
  await cluster.patch(`/api/v1/nodes/${name}/status`, {status: {capacity: amount, allocatable: amount}})
}
