import {type CallOptions, isOmniError, type ListOptions, OmniError} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {quantityOf} from '../cluster/quantity.ts'
import {hostsOf, KINDS, MANAGED_LABELS, recordName, SERVICE_LABEL, selectorOf} from './names.ts'
import type {Sight} from './observe.ts'
import type {Usage} from './pod-state.ts'
import {type AppRecord, currentRelease, fromSecret, RECORD_LABELS, toSecret} from './record.ts'
import type {DeploymentObject, IngressObject, MetricsObject, PodObject, SecretObject} from './wire.ts'

/** One application with all that belongs to it; undefined when there is none of that name in the namespace. */
export async function readSight(
  client: KubeClient,
  name: string,
  {signal}: CallOptions = {},
): Promise<Sight | undefined> {
  const {namespace} = client
  const at = {namespace, signal}
  const [record, deployment, pods] = await Promise.all([
    readRecord(client, name, {signal}).catch(hidden),
    client.get<DeploymentObject>({kind: KINDS.deployment, namespace, name}, {signal}),
    client.list<PodObject>(KINDS.pod, {...at, labels: selectorOf(name)}),
  ])
  const own = deployment?.metadata.labels?.[SERVICE_LABEL] === name ? deployment : undefined
  if (record === undefined && own === undefined) return undefined
  const hasDomain = record !== undefined && hostsOf(currentRelease(record).spec).length > 0
  const [entrances, usage] = await Promise.all([
    hasDomain ? listEntrances(client, {...at, labels: selectorOf(name)}) : [],
    readUsage(client, {...at, labels: selectorOf(name)}),
  ])
  return {name, namespace, record, deployment: own, pods, entrance: entrances[0], usage}
}

/** All applications: one request per kind, side by side; where there are none, the first two say so. */
export async function listSights(client: KubeClient, options: ListOptions = {}): Promise<Sight[]> {
  const {project = client.namespace, allProjects = false, signal} = options
  const where = {...(allProjects ? {allNamespaces: true} : {namespace: project}), signal}
  const managed = {...where, labels: MANAGED_LABELS}
  const [secrets, deployments] = await Promise.all([
    client.list<SecretObject>(KINDS.secret, {...where, labels: RECORD_LABELS}).catch(hidden),
    client.list<DeploymentObject>(KINDS.deployment, managed),
  ])
  if (deployments.length === 0 && (secrets ?? []).length === 0) return []
  const [pods, entrances, usage] = await Promise.all([
    client.list<PodObject>(KINDS.pod, managed),
    listEntrances(client, managed),
    readUsage(client, managed),
  ])
  const records = (secrets ?? []).flatMap((secret) => fromSecret(secret) ?? [])
  const own = deployments.filter(({metadata}) => metadata.labels?.[SERVICE_LABEL] === metadata.name)
  const keyOf = (namespace = '', name = ''): string => `${namespace}/${name}`
  const byKey = <T extends {readonly metadata: DeploymentObject['metadata']}>(objects: readonly T[]) =>
    Map.groupBy(objects, ({metadata}) => keyOf(metadata.namespace, metadata.labels?.[SERVICE_LABEL]))
  const [podsOf, entranceOf, deploymentOf] = [byKey(pods), byKey(entrances), byKey(own)]
  const recordOf = new Map(records.map((record) => [keyOf(record.namespace, record.service), record]))
  return [...new Set([...recordOf.keys(), ...deploymentOf.keys()])].map((key): Sight => {
    const [namespace = '', name = ''] = key.split('/')
    return {
      ...{name, namespace, usage, record: recordOf.get(key), deployment: deploymentOf.get(key)?.[0]},
      ...{pods: podsOf.get(key) ?? [], entrance: entranceOf.get(key)?.[0]},
    }
  })
}

export async function readRecord(
  client: KubeClient,
  name: string,
  {signal}: CallOptions = {},
): Promise<AppRecord | undefined> {
  const place = {kind: KINDS.secret, namespace: client.namespace, name: recordName(name)}
  const secret = await client.get<SecretObject>(place, {signal})
  return secret === undefined ? undefined : fromSecret(secret)
}

/** CONFLICT when there is one already: of two at once, one is first. */
export async function createRecord(client: KubeClient, record: AppRecord, call: CallOptions): Promise<AppRecord> {
  const {signal} = call
  try {
    const made = await client.create<SecretObject>(KINDS.secret, toSecret(record), {signal})
    return {...record, resourceVersion: made.metadata.resourceVersion}
  } catch (error) {
    if (!isOmniError(error) || error.code !== 'CONFLICT') throw error
    throw new OmniError('CONFLICT', `service '${record.service}' exists already`, {
      hint: `omni deploy ${record.service}`,
      cause: error,
    })
  }
}

/** CONFLICT when somebody else has changed it since it was read. */
export async function writeRecord(client: KubeClient, record: AppRecord, call: CallOptions = {}): Promise<AppRecord> {
  const body = toSecret({...record, updatedAt: new Date().toISOString()})
  const path = client.pathOf(KINDS.secret, {namespace: record.namespace, name: recordName(record.service)})
  try {
    const written = await client.request<SecretObject>({method: 'PUT', path, body}, {signal: call.signal})
    return {...record, resourceVersion: written.metadata.resourceVersion}
  } catch (error) {
    if (!isOmniError(error) || error.code !== 'CONFLICT') throw error
    throw new OmniError('CONFLICT', `somebody else changes '${record.service}' at the same time`, {
      hint: `omni releases ${record.service}`,
      cause: error,
    })
  }
}

interface Where extends CallOptions {
  readonly namespace?: string | undefined
  readonly allNamespaces?: boolean | undefined
  readonly labels: Readonly<Record<string, string>>
}

/** Ingresses, and HTTPRoutes where they are served; none for who may not see them. */
async function listEntrances(client: KubeClient, where: Where): Promise<IngressObject[]> {
  const kinds = await client.kinds({signal: where.signal})
  const route = kinds.find(({group, kind}) => group === 'gateway.networking.k8s.io' && kind === 'HTTPRoute')
  const lists = await Promise.all(
    [KINDS.ingress, ...(route === undefined ? [] : [route])].map((kind) =>
      client.list<IngressObject>(kind, where).catch(hidden),
    ),
  )
  return lists.flatMap((list) => list ?? [])
}

/** What pods use now, where the cluster measures it. */
async function readUsage(client: KubeClient, where: Where): Promise<ReadonlyMap<string, Usage>> {
  const kinds = await client.kinds({signal: where.signal})
  const kind = kinds.find(({group, plural}) => group === 'metrics.k8s.io' && plural === 'pods')
  if (kind === undefined) return new Map()
  const found = await client.list<MetricsObject>(kind, where).catch(unmeasured)
  return new Map(
    (found ?? []).map(({metadata, containers = []}) => [
      metadata.name,
      {
        cpuPercent: Math.round(containers.reduce((sum, {usage}) => sum + quantityOf(usage?.cpu), 0) * 1000) / 10,
        memoryBytes: containers.reduce((sum, {usage}) => sum + quantityOf(usage?.memory), 0),
      },
    ]),
  )
}

/** Who may not see a thing still sees the rest. */
function hidden(error: unknown): undefined {
  if (isOmniError(error) && error.code === 'FORBIDDEN') return undefined
  throw error
}

/** What measures may be away without anything being wrong with the services. */
function unmeasured(error: unknown): undefined {
  if (isOmniError(error) && ['FORBIDDEN', 'UNAVAILABLE', 'NOT_FOUND', 'TIMEOUT'].includes(error.code)) return undefined
  throw error
}
