import {type ApiObject, type CallOptions, mapLimit, type ObjectKind, OmniError} from '@omni-cli/sdk'
import type {KubeClient, WriteOptions} from '../../client/kube-client.ts'
import type {AppManifests} from './manifests.ts'
import {KINDS, kindOfObject, ROLE_LABEL, SERVICE_LABEL, serviceLabels} from './names.ts'
import type {DeploymentObject} from './wire.ts'

const AT_ONCE = 6

/** Makes an object what it says, whatever others have set in it. */
export function applyObject<T extends ApiObject>(
  client: KubeClient,
  object: ApiObject,
  {signal, dryRun}: Pick<WriteOptions, 'signal' | 'dryRun'>,
): Promise<T> {
  const hasPods = object.kind === 'Deployment' || object.kind === 'CronJob'
  if (hasPods) return replace<T>(client, object, {signal, dryRun})
  return client.apply<T>(kindOfObject(object), object, {signal, dryRun, force: true})
}

/**
 * A whole new spec. Server-side apply takes single fields out of a template and leaves what was filled in beside them: a probe that is
 * not in the file any more would stay as a broken one.
 */
async function replace<T extends ApiObject>(client: KubeClient, object: ApiObject, options: WriteOptions): Promise<T> {
  const kind = kindOfObject(object)
  const {namespace, name} = object.metadata
  const live = await client.get({kind, namespace, name}, {signal: options.signal})
  if (live === undefined) return client.create<T>(kind, object, options)
  const {annotations, finalizers, ownerReferences} = live.metadata
  const body = {...object, metadata: {annotations, finalizers, ownerReferences, ...object.metadata}}
  const path = client.pathOf(kind, {namespace, name})
  return client.request<T>({method: 'PUT', path, query: {fieldManager: 'omni'}, body}, options)
}

export const applyObjects = (
  client: KubeClient,
  objects: readonly ApiObject[],
  call: CallOptions,
): Promise<ApiObject[]> => mapLimit(objects, AT_ONCE, (object) => applyObject(client, object, call))

/**
 * Asks the server what it would say to all of them, and whether a name is taken by something that is not of the service:
 * CONFLICT. Nothing is changed.
 */
export async function checkObjects(
  client: KubeClient,
  service: string,
  {before, workload, after}: AppManifests,
  {signal}: CallOptions,
): Promise<void> {
  const objects = [...before, ...workload, ...after]
  const taken = await mapLimit(objects, AT_ONCE, async (object) => {
    const kind = kindOfObject(object)
    const {namespace, name} = object.metadata
    const existing = await client.get<DeploymentObject>({kind, namespace, name}, {signal})
    if (existing === undefined || existing.metadata.labels?.[SERVICE_LABEL] === service) return []
    return [`${kind.kind} '${name}'`]
  })
  const foreign = taken.flat()
  if (foreign.length > 0) {
    const what = foreign.length === 1 ? `the ${foreign[0]} exists and is` : `${foreign.join(', ')} exist and are`
    throw new OmniError('CONFLICT', `${what} not of the service '${service}'`, {
      hint: 'give the service another name, or remove what is there',
    })
  }
  await mapLimit(objects, AT_ONCE, (object) => applyObject(client, object, {signal, dryRun: true}))
}

const GROUPED: readonly (readonly [group: string, kind: string])[] = [
  ['apps', 'Deployment'],
  ['', 'Service'],
  ['', 'Secret'],
  ['networking.k8s.io', 'Ingress'],
  ['gateway.networking.k8s.io', 'HTTPRoute'],
  ['autoscaling', 'HorizontalPodAutoscaler'],
  ['batch', 'CronJob'],
]

export interface OwnedObject {
  readonly kind: ObjectKind
  readonly object: DeploymentObject
}

/** Everything of a service but its data and its record. */
export async function ownedObjects(client: KubeClient, service: string, {signal}: CallOptions): Promise<OwnedObject[]> {
  const served = await client.kinds({signal})
  const kinds = GROUPED.flatMap(([group, name]) => served.find((one) => one.group === group && one.kind === name) ?? [])
  const lists = await Promise.all(
    kinds.map(async (kind) => {
      const options = {namespace: client.namespace, labels: serviceLabels(service), signal}
      return (await client.list<DeploymentObject>(kind, options)).map((object) => ({kind, object}))
    }),
  )
  return lists.flat().filter(({object}) => object.metadata.labels?.[ROLE_LABEL] === undefined)
}

/** Removes what no manifest of the version names any more. */
export async function removeStale(
  client: KubeClient,
  service: string,
  {before, workload, after}: AppManifests,
  call: CallOptions,
): Promise<void> {
  const keyOf = (kind: string, name: string): string => `${kind}/${name}`
  const kept = new Set([...before, ...workload, ...after].map(({kind, metadata}) => keyOf(kind, metadata.name)))
  const owned = await ownedObjects(client, service, call)
  await removeObjects(
    client,
    owned.filter(({kind, object}) => !kept.has(keyOf(kind.kind, object.metadata.name))),
    call,
  )
}

export async function removeObjects(
  client: KubeClient,
  objects: readonly OwnedObject[],
  call: CallOptions,
): Promise<void> {
  await mapLimit(objects, AT_ONCE, ({kind, object}) =>
    client.remove({kind, namespace: client.namespace, name: object.metadata.name}, {signal: call.signal}),
  )
}

export const removeDeployment = (client: KubeClient, name: string, call: CallOptions): Promise<void> =>
  client.remove({kind: KINDS.deployment, namespace: client.namespace, name}, {signal: call.signal})
