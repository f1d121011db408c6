import {type ApiObject, type CallOptions, isOmniError, type ObjectKind, OmniError} from '@omni-cli/sdk'
import type {KubeClient} from '../../../client/kube-client.ts'
import {at, textAt, textMapAt} from '../../../fields.ts'
import {type ClusterEvent, serviceOf} from '../../pods/event-map.ts'
import {hasLabels, POD_KIND, type Pod} from '../../pods/pod.ts'
import {ANNOTATION, DEPLOYMENT, EVENT, INFERENCE_SERVICE, LABEL} from '../names.ts'
import type {Facts} from './facts.ts'
import {readAgentLines, readLastLines} from './gather-logs.ts'
import {unscheduled} from './look.ts'

const kind = (group: string, version: string, names: readonly [string, string], namespaced = true): ObjectKind => ({
  ...{group, version, kind: names[0], plural: names[1], singular: names[0].toLowerCase(), short: []},
  ...{namespaced, verbs: []},
})

const KINDS = {
  namespace: kind('', 'v1', ['Namespace', 'namespaces'], false),
  node: kind('', 'v1', ['Node', 'nodes'], false),
  claim: kind('', 'v1', ['PersistentVolumeClaim', 'persistentvolumeclaims']),
  service: kind('', 'v1', ['Service', 'services']),
  secret: kind('', 'v1', ['Secret', 'secrets']),
  configMap: kind('', 'v1', ['ConfigMap', 'configmaps']),
  daemonSet: kind('apps', 'v1', ['DaemonSet', 'daemonsets']),
  /** Every version of Kubernetes since 1.2 serves it. */
  autoscaler: kind('autoscaling', 'v1', ['HorizontalPodAutoscaler', 'horizontalpodautoscalers']),
  model: kind('ome.io', 'v1beta1', ['BaseModel', 'basemodels']),
  clusterModel: kind('ome.io', 'v1beta1', ['ClusterBaseModel', 'clusterbasemodels'], false),
  runtime: kind('ome.io', 'v1beta1', ['ServingRuntime', 'servingruntimes']),
  clusterRuntime: kind('ome.io', 'v1beta1', ['ClusterServingRuntime', 'clusterservingruntimes'], false),
} as const

const OF_AGENTS = {'models.ome/basemodel-status': 'true'}

/** What is being looked at; what is forbidden is noted, and counts as nothing. */
export interface Looking {
  readonly client: KubeClient
  readonly signal: AbortSignal | undefined
  readonly unseen: string[]
}

/**
 * Looks at everything at once, then at what follows from that. NOT_FOUND when there is neither an InferenceService nor a
 * Deployment of that name; FORBIDDEN when neither may be looked at.
 */
export async function gatherFacts(client: KubeClient, name: string, {signal}: CallOptions = {}): Promise<Facts> {
  const looking: Looking = {client, signal, unseen: []}
  const {namespace, omeNamespace} = client
  const [service, deployments, pods, events, others] = await Promise.all([
    one(looking, 'inference services', {kind: INFERENCE_SERVICE, namespace, name}),
    many(looking, 'deployments', DEPLOYMENT, namespace),
    many<Pod>(looking, 'pods', POD_KIND, namespace),
    many<ClusterEvent>(looking, 'events', EVENT, namespace),
    gatherOthers(looking),
  ])
  const own = deployments.filter((deployment) => isOf(deployment, name, service !== undefined))
  if (service === undefined && own.length === 0) throw absent(looking, name)
  const ownPods = pods.filter((pod) => belongs(pod, own, service === undefined ? undefined : name))
  const facts: Facts = {
    ...{name, namespace, omeNamespace, service, deployments: own, pods: ownPods, nowMs: Date.now(), ...others},
    events: ownEvents(events, {name, service, pods: ownPods}),
    services: others.services.filter((object) => isNamed(object, name, service !== undefined)),
    autoscalers: others.autoscalers.filter((object) => isNamed(object, name, service !== undefined)),
    ...{logs: [], agentLines: [], served: new Set(), unseen: looking.unseen},
  }
  return {...facts, ...(await gatherRest(looking, facts))}
}

const absent = ({unseen, client}: Looking, name: string): OmniError =>
  unseen.includes('deployments')
    ? new OmniError('FORBIDDEN', `deployments of '${client.namespace}' may not be looked at`, {
        hint: 'omni cluster health',
      })
    : new OmniError('NOT_FOUND', `there is no service '${name}' in namespace '${client.namespace}'`, {
        hint: 'omni get services --all-namespaces',
      })

async function gatherOthers(looking: Looking) {
  const {namespace, omeNamespace} = looking.client
  const [namespaceObject, nodes, claims, services, autoscalers, controllers, daemons, agents] = await Promise.all([
    one(looking, 'the namespace', {kind: KINDS.namespace, name: namespace}),
    many(looking, 'nodes', KINDS.node),
    many(looking, 'volume claims', KINDS.claim, namespace),
    many(looking, 'services', KINDS.service, namespace),
    many(looking, 'autoscalers', KINDS.autoscaler, namespace),
    many(looking, 'the operator', DEPLOYMENT, omeNamespace),
    many(looking, 'the operator', KINDS.daemonSet, omeNamespace),
    many(looking, 'model agents', KINDS.configMap, omeNamespace, OF_AGENTS),
  ])
  const operator = looking.unseen.includes('the operator')
    ? undefined
    : [
        ...controllers.map((object) => ({...object, kind: 'Deployment'})),
        ...daemons.map((object) => ({...object, kind: 'DaemonSet'})),
      ]
  return {namespaceObject, nodes, claims, services, autoscalers, operator, agents}
}

/** What depends on what was seen first. */
async function gatherRest(looking: Looking, facts: Facts): Promise<Partial<Facts>> {
  const {client} = looking
  const {service} = facts
  const modelName = textAt(service, 'spec', 'model', 'name')
  const runtimeName = textAt(service, 'spec', 'runtime', 'name')
  const isShort = unscheduled(facts).some(({message}) => message.includes('Insufficient'))
  const isKeda = textMapAt(service, 'metadata', 'annotations')[ANNOTATION.autoscaler] === 'keda'
  const [model, runtime, allPods, keda, logs] = await Promise.all([
    modelName === undefined ? undefined : oneOf(looking, 'model', [KINDS.model, KINDS.clusterModel], modelName),
    runtimeName === undefined
      ? undefined
      : oneOf(looking, 'runtime', [KINDS.runtime, KINDS.clusterRuntime], runtimeName),
    isShort ? many<Pod>(looking, 'pods of other namespaces', POD_KIND, 'all') : undefined,
    isKeda ? client.findKind('scaledobjects.keda.sh', {signal: looking.signal}) : undefined,
    readLastLines(looking, facts),
  ])
  const [hasModelSecret, agentLines] = await Promise.all([
    hasSecret(looking, model),
    modelName === undefined || textAt(model, 'status', 'state') === 'Ready' ? [] : readAgentLines(looking, modelName),
  ])
  const served = new Set(keda === undefined ? [] : ['scaledobjects.keda.sh'])
  const isAllSeen = allPods !== undefined && !looking.unseen.includes('pods of other namespaces')
  return {model, runtime, logs, agentLines, served, hasModelSecret, ...(isAllSeen ? {allPods} : {})}
}

/** As the agent looks for it: in its own namespace for a model of the cluster. */
async function hasSecret(looking: Looking, model: ApiObject | undefined): Promise<boolean | undefined> {
  const key = textAt(model, 'spec', 'storage', 'key')
  if (model === undefined || key === undefined) return undefined
  const namespace = model.metadata.namespace ?? looking.client.omeNamespace
  const found = await one(looking, 'secrets', {kind: KINDS.secret, namespace, name: key})
  return looking.unseen.includes('secrets') ? undefined : found !== undefined
}

const isOf = (object: ApiObject, name: string, isServed: boolean): boolean =>
  isServed
    ? textMapAt(object, 'metadata', 'labels')[LABEL.service] === name || isNamed(object, name, true)
    : object.metadata.name === name

const isNamed = ({metadata}: ApiObject, name: string, isServed: boolean): boolean =>
  metadata.name === name ||
  (isServed && [`${name}-engine`, `${name}-decoder`, `${name}-router`].includes(metadata.name))

function belongs(pod: Pod, deployments: readonly ApiObject[], served: string | undefined): boolean {
  if (served !== undefined && hasLabels(pod, {[LABEL.service]: served})) return true
  return deployments.some((deployment) => {
    const selector = textMapAt(deployment, 'spec', 'selector', 'matchLabels')
    return Object.keys(selector).length > 0 && hasLabels(pod, selector)
  })
}

/** Of objects that are there: others have nothing to do with now. */
function ownEvents(
  events: readonly ClusterEvent[],
  {
    name,
    service,
    pods,
  }: {readonly name: string; readonly service: ApiObject | undefined; readonly pods: readonly Pod[]},
): ClusterEvent[] {
  const names = new Set(pods.map(({metadata}) => metadata.name))
  const served = new Set(service === undefined ? [] : [name])
  return events.filter((event) => {
    const {kind: what = '', name: whose = ''} = event.involvedObject ?? {}
    if (what === 'Pod') return names.has(whose)
    const uid = textAt(event, 'involvedObject', 'uid')
    if (what === 'InferenceService' && uid !== undefined && uid !== at(service, 'metadata', 'uid')) return false
    return serviceOf(what, whose, served) === name
  })
}

type Place = Parameters<KubeClient['get']>[0]

async function one(looking: Looking, what: string, place: Place): Promise<ApiObject | undefined> {
  return tolerant(looking, what, () => looking.client.get(place, {signal: looking.signal}), undefined)
}

/** The first of several kinds that has one of the name. */
async function oneOf(
  looking: Looking,
  what: string,
  kinds: readonly ObjectKind[],
  name: string,
): Promise<ApiObject | undefined> {
  const {namespace} = looking.client
  const found = await Promise.all(
    kinds.map((each) => one(looking, what, {kind: each, name, ...(each.namespaced ? {namespace} : {})})),
  )
  return found.find((object) => object !== undefined)
}

async function many<T extends ApiObject = ApiObject>(
  looking: Looking,
  what: string,
  each: ObjectKind,
  namespace?: string | undefined,
  labels?: Readonly<Record<string, string>>,
): Promise<readonly T[]> {
  const where = namespace === 'all' ? {allNamespaces: true} : {namespace}
  const {signal} = looking
  return tolerant(looking, what, () => looking.client.list<T>(each, {...where, labels, signal}), [])
}

async function tolerant<T>({unseen}: Looking, what: string, look: () => Promise<T>, nothing: T): Promise<T> {
  try {
    return await look()
  } catch (error) {
    if (!isOmniError(error) || !['FORBIDDEN', 'NOT_FOUND', 'UNSUPPORTED'].includes(error.code)) throw error
    if (error.code === 'FORBIDDEN' && !unseen.includes(what)) unseen.push(what)
    return nothing
  }
}
