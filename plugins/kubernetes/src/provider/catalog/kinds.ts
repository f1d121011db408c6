import {
  type ApiObject,
  type CallOptions,
  isOmniError,
  type ObjectKind,
  type ObjectListOptions,
  OmniError,
} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {visible} from '../visible.ts'

const ome = (kind: string, plural: string, namespaced: boolean): ObjectKind => ({
  ...{
    group: 'ome.io',
    version: 'v1beta1',
    kind,
    plural,
    singular: kind.toLowerCase(),
    short: [],
    namespaced,
    verbs: [],
  },
})

/** As OME has them so far; another version of the API is looked up when this one is not served. */
export const BASE_MODEL = ome('BaseModel', 'basemodels', true)
export const CLUSTER_BASE_MODEL = ome('ClusterBaseModel', 'clusterbasemodels', false)
export const SERVING_RUNTIME = ome('ServingRuntime', 'servingruntimes', true)
export const CLUSTER_SERVING_RUNTIME = ome('ClusterServingRuntime', 'clusterservingruntimes', false)
export const ACCELERATOR_CLASS = ome('AcceleratorClass', 'acceleratorclasses', false)

const core = (kind: string, plural: string): ObjectKind => ({
  ...{group: '', version: 'v1', kind, plural, singular: kind.toLowerCase(), short: [], namespaced: true, verbs: []},
})
export const CONFIG_MAP = core('ConfigMap', 'configmaps')
export const SECRET = core('Secret', 'secrets')

/** All objects of a kind; undefined when the cluster does not serve it in any version. */
export async function listServed(
  client: KubeClient,
  kind: ObjectKind,
  options: ObjectListOptions,
): Promise<ApiObject[] | undefined> {
  try {
    return await client.list(kind, options)
  } catch (error) {
    if (!isOmniError(error) || error.code !== 'NOT_FOUND') throw error
    const served = await client.findKind(`${kind.plural}.${kind.group}`, options)
    return served === undefined || served.version === kind.version ? undefined : client.list(served, options)
  }
}

/** The kind in the version that is served. UNSUPPORTED without it. */
export async function requireServed(client: KubeClient, kind: ObjectKind, call: CallOptions = {}): Promise<ObjectKind> {
  const served = await client.findKind(`${kind.plural}.${kind.group}`, call)
  if (served !== undefined) return served
  throw notServed(client, kind)
}

export const notServed = (client: KubeClient, {kind}: ObjectKind): OmniError =>
  new OmniError('UNSUPPORTED', `the cluster '${client.context}' does not know the kind ${kind} of OME`, {
    hint: 'omni cluster health',
  })

/** A name in two kinds: of the namespace first, as the operator looks it up. */
export interface Twin {
  readonly namespaced: ObjectKind
  readonly clusterWide: ObjectKind
}

/** Told that something is left out, and why. */
export type Notice = (text: string) => void

/** What this user may list of both; FORBIDDEN when that is neither. UNSUPPORTED when neither of the kinds is served. */
export async function listTwins(
  client: KubeClient,
  {namespaced, clusterWide}: Twin,
  {notice, ...options}: ObjectListOptions & {readonly notice?: Notice | undefined},
): Promise<ApiObject[]> {
  const kinds = [clusterWide, namespaced]
  const lists = await visible(kinds.map(async (kind) => ({objects: await listServed(client, kind, options)})))
  const hidden = kinds.filter((_, index) => lists[index] === undefined).map(({plural}) => plural)
  if (hidden.length > 0) notice?.(`${hidden.join(', ')} are left out: this user may not list them`)
  const found = lists.flatMap((list) => (list?.objects === undefined ? [] : [list.objects]))
  if (found.length === 0) throw notServed(client, clusterWide)
  return found.flat()
}

/**
 * The object and its kind; undefined when there is none of that name. FORBIDDEN when it may be where this user may not look.
 * UNSUPPORTED when the kinds are not served.
 */
export async function getTwin(
  client: KubeClient,
  {namespaced, clusterWide}: Twin,
  name: string,
  call: CallOptions = {},
): Promise<{readonly kind: ObjectKind; readonly object: ApiObject} | undefined> {
  const look = async (kind: ObjectKind) => ({kind, object: await client.get({kind, name}, call)})
  const looks = [look(namespaced), look(clusterWide)]
  const found = await visible(looks)
  for (const one of found) if (one?.object !== undefined) return {kind: one.kind, object: one.object}
  // What cannot be seen may be there.
  if (found.includes(undefined)) await Promise.all(looks)
  const served = await Promise.all(
    [namespaced, clusterWide].map((kind) => client.findKind(`${kind.plural}.${kind.group}`, call)),
  )
  const others = served.filter((kind) => kind !== undefined && kind.version !== clusterWide.version)
  for (const kind of others) {
    const object = kind && (await client.get({kind, name}, call))
    if (kind !== undefined && object !== undefined) return {kind, object}
  }
  if (served.every((kind) => kind === undefined)) throw notServed(client, clusterWide)
  return undefined
}
