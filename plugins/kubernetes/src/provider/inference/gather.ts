import {type ApiObject, type CallOptions, isOmniError, type ListOptions, type ObjectKind} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {at, listAt, textAt} from '../../fields.ts'
import {componentsOf, type Parts} from './component.ts'
import {modeOf} from './mode.ts'
import {DEPLOYMENT, INFERENCE_SERVICE, LABEL, LEADER_WORKER_SET, MODE, POD} from './names.ts'
import {judge} from './status.ts'

/** Where things are looked for: a namespace, or all of them. */
export interface Where {
  /** Undefined: all. */
  readonly namespace: string | undefined
}

export const whereOf = (client: KubeClient, options: ListOptions = {}): Where => ({
  namespace: options.allProjects === true ? undefined : (options.project ?? client.namespace),
})

/**
 * InferenceServices with what belongs to them: two requests, side by side, however many there are. Pods are only asked for when
 * something is not ready, LeaderWorkerSets when something has several nodes. Nothing where OME is not installed.
 */
export async function gatherAll(client: KubeClient, options: ListOptions = {}): Promise<Parts[]> {
  const where = whereOf(client, options)
  const {signal} = options
  const labelled = {labelSelector: LABEL.service}
  const [services, deployments] = await Promise.all([
    readServices(client, where, {labels: options.labels, signal}),
    read(client, DEPLOYMENT, where, {query: labelled, signal}),
  ])
  if (services.length === 0) return []
  const isGrouped = services.some((service) => modeOf(service).startsWith(MODE.multiNode))
  const sets = isGrouped ? await readOptional(client, LEADER_WORKER_SET, where, {query: labelled, signal}) : []
  const first = join({services, deployments, sets, pods: []})
  if (first.every(isFine)) return first
  const pods = await read(client, POD, where, {query: labelled, signal})
  return join({services, deployments, sets, pods})
}

/** One with its pods, and with the model it names; undefined when there is none. */
export async function gatherOne(client: KubeClient, name: string, call: CallOptions = {}): Promise<Parts | undefined> {
  const {signal} = call
  const where = {namespace: client.namespace}
  const query = {labelSelector: `${LABEL.service}=${name}`}
  const [service, deployments, pods] = await Promise.all([
    getService(client, name, {signal}),
    read(client, DEPLOYMENT, where, {query, signal}),
    read(client, POD, where, {query, signal}),
  ])
  if (service === undefined) return undefined
  const [model, sets] = await Promise.all([
    modelOf(client, service, {signal}),
    modeOf(service).startsWith(MODE.multiNode)
      ? readOptional(client, LEADER_WORKER_SET, where, {query, signal})
      : Promise.resolve([]),
  ])
  return {service, deployments, sets, pods, model}
}

/** The InferenceService of that name in the namespace of the context. */
export async function getService(
  client: KubeClient,
  name: string,
  call: CallOptions = {},
): Promise<ApiObject | undefined> {
  return client.get({kind: INFERENCE_SERVICE, namespace: client.namespace, name}, {signal: call.signal})
}

/** The BaseModel of the namespace, else the ClusterBaseModel, as the operator looks it up. */
export async function findModel(client: KubeClient, name: string, call: CallOptions): Promise<ApiObject | undefined> {
  const own = {...INFERENCE_SERVICE, kind: 'BaseModel', plural: 'basemodels', short: []}
  const shared = {...own, kind: 'ClusterBaseModel', plural: 'clusterbasemodels', namespaced: false}
  const [mine, all] = await Promise.all([
    client.get({kind: own, namespace: client.namespace, name}, {signal: call.signal}),
    client.get({kind: shared, name}, {signal: call.signal}),
  ])
  return mine ?? all
}

async function modelOf(client: KubeClient, service: ApiObject, call: CallOptions): Promise<ApiObject | undefined> {
  const name = textAt(service, 'spec', 'model', 'name')
  if (name === undefined) return undefined
  // Who may look at services may still not look at models.
  return findModel(client, name, call).catch((error: unknown) => {
    if (isOmniError(error) && error.code === 'FORBIDDEN') return undefined
    throw error
  })
}

interface Question extends CallOptions {
  readonly query?: Readonly<Record<string, string>> | undefined
}

/** None where OME is not installed. */
function readServices(
  client: KubeClient,
  where: Where,
  {labels = {}, signal}: CallOptions & {readonly labels?: Readonly<Record<string, string>> | undefined},
): Promise<readonly ApiObject[]> {
  const selector = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
  const query = selector.length === 0 ? {} : {labelSelector: selector.join(',')}
  return readOptional(client, INFERENCE_SERVICE, where, {query, signal})
}

/** The same for kinds that a cluster may not serve: none then. */
async function readOptional(
  client: KubeClient,
  kind: ObjectKind,
  where: Where,
  question: Question,
): Promise<readonly ApiObject[]> {
  try {
    return await read(client, kind, where, question)
  } catch (error) {
    if (isOmniError(error) && error.code === 'NOT_FOUND') return []
    throw error
  }
}

/** One request, by a selector that needs not be equal to something. */
async function read(
  client: KubeClient,
  kind: ObjectKind,
  {namespace}: Where,
  {query, signal}: Question,
): Promise<readonly ApiObject[]> {
  const group = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`
  const inside = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`
  const answer = await client.request({method: 'GET', path: `${group}${inside}/${kind.plural}`, query}, {signal})
  return listAt(answer, 'items').filter(isObject)
}

const isObject = (value: unknown): value is ApiObject => textAt(value, 'metadata', 'name') !== undefined

interface Lists {
  readonly services: readonly ApiObject[]
  readonly deployments: readonly ApiObject[]
  readonly sets: readonly ApiObject[]
  readonly pods: readonly ApiObject[]
}

/** By namespace and by the label that the operator sets. */
export function join({services, deployments, sets, pods}: Lists): Parts[] {
  const keyOf = (object: ApiObject): string =>
    `${object.metadata.namespace}/${textAt(object, 'metadata', 'labels', LABEL.service)}`
  const [byDeployment, bySet, byPod] = [deployments, sets, pods].map((objects) => Map.groupBy(objects, keyOf))
  return services.map((service) => {
    const key = `${service.metadata.namespace}/${service.metadata.name}`
    return {
      service,
      deployments: byDeployment?.get(key) ?? [],
      sets: bySet?.get(key) ?? [],
      pods: byPod?.get(key) ?? [],
    }
  })
}

/** Nothing that only its pods could explain. */
const isFine = (parts: Parts): boolean => {
  const {status} = judge(parts.service, componentsOf(parts))
  const isGone = at(parts.service, 'metadata', 'deletionTimestamp') !== undefined
  return status === 'running' || status === 'stopped' || isGone
}
