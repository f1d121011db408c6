import {isSame, type KubeObject} from '../objects.ts'
import {chooseRuntime, findModel, isRefusal, type Refusal} from './choose-runtime.ts'
import type {Cluster} from './cluster.ts'
import {
  boundsOf,
  type Component,
  componentsOf,
  entryOf,
  hasScaler,
  modeOf,
  objectsOf,
  type Parts,
  workloadName,
} from './workload.ts'

export interface ServingOptions {
  readonly image?: string | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Runtimes of the cluster that may be chosen when none is named. */
  isCandidate(name: string): boolean
  /** Why a service is to be unhealthy although its pods are ready. */
  unhealthy(name: string): string | undefined
}

const API = '/apis/ome.io/v1beta1'
const FINALIZER = 'inferenceservice.finalizers'

const COLLECTIONS: Readonly<Record<string, string>> = {
  Deployment: '/apis/apps/v1/namespaces/NS/deployments',
  Service: '/api/v1/namespaces/NS/services',
  HorizontalPodAutoscaler: '/apis/autoscaling/v1/namespaces/NS/horizontalpodautoscalers',
  PodDisruptionBudget: '/apis/policy/v1beta1/namespaces/NS/poddisruptionbudgets',
}

const pathOf = (kind: string, namespace: string | undefined, name: string): string =>
  `${COLLECTIONS[kind]?.replace('NS', namespace ?? '')}/${name}`

/** Does for one inference service what the operator does: its objects, and its status. */
export async function reconcileService(
  cluster: Cluster,
  {namespace, name}: {readonly namespace: string; readonly name: string},
  options: ServingOptions,
): Promise<void> {
  const path = `${API}/namespaces/${namespace}/inferenceservices/${name}`
  const service = await cluster.get(path)
  if (service === undefined) return
  if (service.metadata.deletionTimestamp !== undefined) {
    const finalizers = service.metadata.finalizers?.filter((one) => one !== FINALIZER) ?? []
    if (finalizers.length !== service.metadata.finalizers?.length) await cluster.patch(path, {metadata: {finalizers}})
    return
  }
  if (service.metadata.finalizers?.includes(FINALIZER) !== true) return admit(cluster, path, service)
  const found = await partsOf(cluster, service, options)
  if ('event' in found) return refuse(cluster, path, service, found)
  const states = await Promise.all(componentsOf(service).map((component) => deploy(cluster, found, component)))
  await cluster.apply(pathOf('Service', namespace, name), entryOf(service))
  await tell(cluster, path, found, states, options.unhealthy(name))
}

/** What the webhook and the first look at a service do; the change brings it here again. */
async function admit(cluster: Cluster, path: string, service: KubeObject): Promise<void> {
  const finalizers = [...(service.metadata.finalizers ?? []), FINALIZER]
  const annotations = {'ome.io/deploymentMode': modeOf(service)}
  await cluster.patch(path, {metadata: {finalizers, annotations}})
}

async function partsOf(cluster: Cluster, service: KubeObject, options: ServingOptions): Promise<Parts | Refusal> {
  const model = await findModel(cluster, service)
  if (isRefusal(model)) return model
  const runtime = await chooseRuntime(cluster, service, model, options.isCandidate)
  return isRefusal(runtime) ? runtime : {service, model, runtime, image: options.image, env: options.env}
}

interface ComponentState {
  readonly component: Component
  readonly isReady: boolean
  readonly reason: string
  readonly message: string
}

async function deploy(cluster: Cluster, parts: Parts, component: Component): Promise<ComponentState> {
  const {namespace} = parts.service.metadata
  const name = workloadName(parts.service, component)
  const path = pathOf('Deployment', namespace, name)
  const before = await cluster.get(path)
  const {min, max} = boundsOf(parts, component)
  const current: number | undefined = before?.spec.replicas
  const wanted = hasScaler(parts.service) ? Math.min(max, Math.max(min, current ?? min)) : (current ?? min)
  for (const object of objectsOf(parts, component, wanted)) {
    await cluster.apply(pathOf(object.kind, namespace, object.metadata.name), object)
  }
  if (!hasScaler(parts.service)) await cluster.remove(pathOf('HorizontalPodAutoscaler', namespace, name))
  const after = await cluster.get(path)
  const isSeen = after?.status?.observedGeneration === after?.metadata.generation
  const available = after?.status?.conditions?.find(({type}: {type: string}) => type === 'Available')
  if (!isSeen || available === undefined) return {component, isReady: false, reason: 'Initializing', message: ''}
  return {
    component,
    isReady: available.status === 'True',
    reason: available.reason ?? '',
    message: available.message ?? '',
  }
}

/** Ready looks at the engine alone: a decoder or a router that is not well does not change it. */
async function tell(
  cluster: Cluster,
  path: string,
  {service, model, runtime}: Parts,
  states: readonly ComponentState[],
  unhealthy: string | undefined,
): Promise<void> {
  const engine = states.find(({component}) => component === 'engine')
  const isReady = engine?.isReady === true && unhealthy === undefined
  const {name, namespace} = service.metadata
  const url = `http://${name}.${namespace}.svc.cluster.local:8080`
  const engineState =
    unhealthy === undefined ? engine : {...engine, isReady: false, reason: 'RuntimeUnhealthy', message: unhealthy}
  const named = states.map((state) => {
    const {isReady: is, reason = '', message = ''} = state === engine ? {...state, ...engineState} : state
    return condition(service, {type: `${title(state.component)}Ready`, is, reason, message})
  })
  const conditions = [
    ...named,
    condition(service, {type: 'IngressReady', is: true, reason: 'IngressDisabled', message: ''}),
    condition(service, {
      type: 'Ready',
      is: isReady,
      reason: isReady ? '' : (engineState?.reason ?? 'Initializing'),
      message: unhealthy ?? '',
    }),
  ]
  const transitionStatus = isReady ? 'UpToDate' : unhealthy === undefined ? 'InProgress' : 'BlockedByFailedLoad'
  const failure = unhealthy === undefined ? null : {reason: 'RuntimeUnhealthy', message: unhealthy}
  const modelStatus = {
    transitionStatus,
    modelRevisionStates: {activeModelState: isReady ? 'Loaded' : '', targetModelState: isReady ? 'Loaded' : 'Loading'},
    lastFailureInfo: failure,
  }
  const components = Object.fromEntries(
    states.map(({component}) => [
      component,
      {latestCreatedRevision: workloadName(service, component), url: isReady ? url : undefined},
    ]),
  )
  const {generation: observedGeneration} = service.metadata
  await setStatus(cluster, path, service, {
    url: isReady ? url : null,
    observedGeneration,
    conditions,
    modelStatus,
    components,
  })
  const was = service.status?.conditions?.find(({type}: {type: string}) => type === 'Ready')?.status === 'True'
  const about = `runtime ${runtime.metadata.name}, model ${model.metadata.name}`
  if (isReady && !was)
    await say(cluster, service, 'Normal', {
      reason: 'InferenceServiceReady',
      message: `InferenceService is ready: ${about}`,
    })
  if (!isReady && was)
    await say(cluster, service, 'Warning', {
      reason: 'InferenceServiceNotReady',
      message: `InferenceService is not ready: ${about}`,
    })
}

async function refuse(
  cluster: Cluster,
  path: string,
  service: KubeObject,
  {reason, event, message}: Refusal,
): Promise<void> {
  const conditions = [condition(service, {type: 'Ready', is: false, reason, message})]
  const lastFailureInfo = {reason, message}
  const isNew = service.status?.modelStatus?.lastFailureInfo?.message !== message
  const modelStatus = {transitionStatus: 'InvalidSpec', lastFailureInfo}
  const {generation: observedGeneration} = service.metadata
  await setStatus(cluster, path, service, {observedGeneration, conditions, modelStatus})
  if (isNew) await say(cluster, service, 'Warning', {reason: event, message})
}

async function setStatus(
  cluster: Cluster,
  path: string,
  {status = {}}: KubeObject,
  wanted: Record<string, unknown>,
): Promise<void> {
  const set = Object.entries(wanted).filter(([, value]) => value !== undefined)
  // As JSON has it: what is undefined inside is not there. A null takes away, and is the same as absent.
  const is = (value: unknown) =>
    JSON.parse(JSON.stringify(value, (_, part) => (part === null ? undefined : part)) ?? 'null')
  if (set.every(([field, value]) => isSame(is(status[field] ?? null), is(value)))) return
  await cluster.patch(`${path}/status`, {status: Object.fromEntries(set)})
}

interface Told {
  readonly type: string
  readonly is: boolean
  readonly reason: string
  readonly message: string
}

/** With the time of its last change, which a look that changes nothing does not move. */
function condition({status}: KubeObject, {type, is, reason, message}: Told): object {
  const before = status?.conditions?.find((one: {type: string}) => one.type === type)
  const word = is ? 'True' : 'False'
  const lastTransitionTime = before?.status === word ? before.lastTransitionTime : now()
  return {
    type,
    status: word,
    ...(reason === '' ? {} : {reason}),
    ...(message === '' ? {} : {message}),
    lastTransitionTime,
  }
}

const title = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1)
const now = (): string => `${new Date().toISOString().slice(0, 19)}Z`

/** An event about an object. */
async function say(
  cluster: Cluster,
  {apiVersion, kind, metadata: {name, namespace = 'default', uid}}: KubeObject,
  type: 'Normal' | 'Warning',
  {reason, message}: {readonly reason: string; readonly message: string},
): Promise<void> {
  const id = `${Date.now().toString(16)}${Math.floor(Math.random() * 65536).toString(16)}`
  await cluster.create(`/api/v1/namespaces/${namespace}/events`, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: {name: `${name}.${id}`, namespace},
    involvedObject: {apiVersion, kind, name, namespace, uid},
    type,
    reason,
    message: message.slice(0, 1000),
    source: {component: 'ome-controller'},
    firstTimestamp: now(),
    lastTimestamp: now(),
    count: 1,
  })
}
