import {type ApiObject, type CallOptions, isOmniError, type ObjectKind, type ObjectListOptions} from '@omni-cli/sdk'
import {type ApiList, type ApiTable, allPages, itemsOf, TABLE, tableOf} from './api-list.ts'
import type {KubeClient, KubeRequest, ObjectPlace} from './kube-client.ts'
import {kindPath, selectionOf} from './paths.ts'
import type {Requests} from './requests.ts'

type ObjectCalls = Pick<KubeClient, 'pathOf' | 'list' | 'table' | 'get' | 'create' | 'apply' | 'patch' | 'remove'>

/** Field manager of everything that we write. */
const MANAGER = 'omni'

const PATCH_TYPES = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const

const PROPAGATION = {background: 'Background', foreground: 'Foreground', orphan: 'Orphan'} as const

/** The request for a collection. */
export const collectionOf = (namespace: string, kind: ObjectKind, options: ObjectListOptions): KubeRequest => ({
  method: 'GET',
  path: kindPath(kind, {namespace: options.allNamespaces === true ? undefined : (options.namespace ?? namespace)}),
  query: selectionOf(options),
})

/** Objects by their kind. */
export function objectCalls({request}: Pick<Requests, 'request'>, namespace: string): ObjectCalls {
  const pathOf: ObjectCalls['pathOf'] = (kind, {name, namespace: own} = {}) =>
    kindPath(kind, {name, namespace: own ?? (name === undefined ? undefined : namespace)})
  const objectPath = ({subresource, ...place}: ObjectPlace): string =>
    pathOf(place.kind, place) + (subresource === undefined ? '' : `/${subresource}`)
  const targetOf = (kind: ObjectKind, {metadata}: ApiObject): string =>
    kindPath(kind, {namespace: metadata.namespace ?? namespace})
  return {
    pathOf,
    async list<T extends ApiObject>(kind: ObjectKind, options: ObjectListOptions = {}) {
      const ask = (page: KubeRequest) => request<ApiList>(page, options)
      const pages = await allPages(ask, collectionOf(namespace, kind, options))
      // What the server sends for a kind is an object of that kind.
      return pages.flatMap(itemsOf) as T[]
    },
    async table(kind, options = {}) {
      const {query, ...rest} = collectionOf(namespace, kind, options)
      const includeObject = options.whole === true ? 'Object' : 'Metadata'
      const asked = {...rest, accept: TABLE, query: {...query, includeObject}}
      return tableOf(await allPages((page) => request<ApiTable>(page, options), asked), kind)
    },
    get: <T extends ApiObject>(place: ObjectPlace, options?: CallOptions) =>
      orAbsent(request<T>({method: 'GET', path: objectPath(place)}, options)),
    create: (kind, object, options) =>
      request({method: 'POST', path: targetOf(kind, object), query: {fieldManager: MANAGER}, body: object}, options),
    apply(kind, object, options = {}) {
      const path = `${targetOf(kind, object)}/${encodeURIComponent(object.metadata.name)}`
      const query = {fieldManager: MANAGER, force: options.force === true ? true : undefined}
      return request({method: 'PATCH', path, query, contentType: 'application/apply-patch+yaml', body: object}, options)
    },
    patch(place, patch, options = {}) {
      const contentType = PATCH_TYPES[options.type ?? 'merge']
      const query = {fieldManager: MANAGER}
      return request({method: 'PATCH', path: objectPath(place), query, contentType, body: patch}, options)
    },
    async remove(place, {propagation = 'background', graceSeconds: gracePeriodSeconds, ...options} = {}) {
      const body = {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy: PROPAGATION[propagation],
        gracePeriodSeconds,
      }
      await orAbsent(request({method: 'DELETE', path: objectPath(place), body}, options))
    },
  }
}

async function orAbsent<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (isOmniError(error) && error.code === 'NOT_FOUND') return undefined
    throw error
  }
}
