import {applied} from './apply.ts'
import type {Call} from './call.ts'
import {type DeleteRequest, remove} from './deletes.ts'
import {type ServedKind, storeOf, versionOf} from './kinds.ts'
import {list, selected} from './lists.ts'
import {isMap, type Json, type JsonMap, type KubeObject, keyOf} from './objects.ts'
import {jsonPatch, mergePatch, strategicPatch} from './patches.ts'
import {asVersion, type Route} from './route.ts'
import {badRequest, KubeError, notFound} from './status.ts'
import type {Store} from './store.ts'
import {tableOf} from './table.ts'
import {create, replace, shapeOf, subjectOf, type WriteContext} from './writes.ts'

export interface Answer {
  readonly code: number
  readonly body: JsonMap | KubeObject
}

const isDryRun = ({query, body}: Call): boolean =>
  query.get('dryRun') === 'All' || (isMap(body) && Array.isArray(body.dryRun) && body.dryRun.includes('All'))

/** Does what a request asks for. */
export function answer(store: Store, call: Call): Answer {
  const {method, route, query} = call
  if (method === 'GET' && route.name === undefined) return {code: 200, body: list(store, call)}
  if (method === 'GET') return {code: 200, body: shown(call, found(store, route))}
  if (method === 'POST' && route.name === undefined) {
    return {code: 201, body: create(store, given(call), contextOf(call))}
  }
  if (method === 'PUT') return put(store, call)
  if (method === 'PATCH') return patch(store, call)
  if (method !== 'DELETE')
    throw new KubeError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource')
  const options = isMap(call.body) ? call.body : {}
  const policy = query.get('propagationPolicy') ?? undefined
  const request: DeleteRequest = {
    kind: route.kind,
    dryRun: isDryRun(call),
    options: policy === undefined ? options : {propagationPolicy: policy, ...options},
  }
  if (route.name !== undefined) return {code: 200, body: remove(store, found(store, route), request)}
  const all = selected(store, call)
  for (const object of all) remove(store, object, request)
  return {
    code: 200,
    body: {
      kind: `${route.kind.kind}List`,
      apiVersion: versionOf(route.kind),
      metadata: {},
      items: all as unknown as Json[],
    },
  }
}

function found(store: Store, {kind, namespace, name = ''}: Route): KubeObject {
  const object = store.get(storeOf(kind), keyOf({namespace, name}))
  if (object === undefined) throw notFound(subjectOf(kind, name))
  return asVersion(object, kind)
}

const contextOf = (call: Call): WriteContext => ({
  kind: call.route.kind,
  subresource: call.route.subresource,
  dryRun: isDryRun(call),
  manager: call.query.get('fieldManager') ?? call.agent,
})

/** The object of the body, put where the path says. */
function given({route, body}: Call): KubeObject {
  const {kind, namespace} = route
  const metadata = isMap(body) && isMap(body.metadata) ? body.metadata : {}
  if (!isMap(body)) throw badRequest('the object provided is unrecognized')
  if (body.kind !== undefined && (body.kind !== kind.kind || body.apiVersion !== versionOf(kind))) {
    throw badRequest(`${body.kind} in version "${body.apiVersion}" cannot be handled as a ${kind.kind}`)
  }
  if (metadata.namespace !== undefined && namespace !== undefined && metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
  const at = namespace === undefined ? {} : {namespace}
  return {...body, apiVersion: versionOf(kind), kind: kind.kind, metadata: {...metadata, ...at}} as KubeObject
}

function put(store: Store, call: Call): Answer {
  const {route} = call
  if (route.subresource === 'scale') return {code: 200, body: scale(store, call, isMap(call.body) ? call.body : {})}
  const object = given(call)
  const name = route.name ?? ''
  if (object.metadata.name !== undefined && object.metadata.name !== name) {
    throw badRequest(`the name of the object (${object.metadata.name}) does not match the name on the URL (${name})`)
  }
  if (route.kind.schema !== undefined && !object.metadata.resourceVersion) {
    const cause = {
      reason: 'FieldValueInvalid',
      message: 'Invalid value: 0x0: must be specified for an update',
      field: 'metadata.resourceVersion',
    }
    const {group, kind} = route.kind
    throw new KubeError(422, 'Invalid', `${kind}.${group} "${name}" is invalid: ${cause.field}: ${cause.message}`, {
      name,
      group,
      kind,
      causes: [cause],
    })
  }
  return {code: 200, body: replace(store, found(store, route), object, contextOf(call))}
}

function patch(store: Store, call: Call): Answer {
  const {route, contentType, body = null} = call
  if (contentType === 'application/apply-patch+yaml') return apply(store, call)
  if (route.subresource === 'scale') return {code: 200, body: scale(store, call, isMap(body) ? body : {})}
  const before = found(store, route)
  const current = structuredClone(before) as unknown as JsonMap
  const next = patched(current, body, contentType, route.kind) as unknown as KubeObject
  return {code: 200, body: replace(store, before, next, contextOf(call))}
}

function patched(object: JsonMap, body: Json, contentType: string, kind: ServedKind): Json {
  if (contentType === 'application/json-patch+json') return jsonPatch(object, body)
  if (contentType === 'application/merge-patch+json') return mergePatch(object, body)
  const isStrategic = contentType === 'application/strategic-merge-patch+json'
  if (isStrategic && kind.schema === undefined) return strategicPatch(object, body, shapeOf(kind))
  const types = ['application/json-patch+json', 'application/merge-patch+json', 'application/apply-patch+yaml']
  throw new KubeError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${types.join(', ')}`,
  )
}

function apply(store: Store, call: Call): Answer {
  const {route, query} = call
  const {kind, name = ''} = route
  const manager = query.get('fieldManager')
  if (manager === null) {
    const cause = {
      reason: 'FieldValueRequired',
      message: 'Required value: is required for apply patch',
      field: 'fieldManager',
    }
    throw new KubeError(422, 'Invalid', `PatchOptions.meta.k8s.io "" is invalid: ${cause.field}: ${cause.message}`, {
      causes: [cause],
    })
  }
  const wanted = given(call)
  if (wanted.metadata.managedFields !== undefined) throw badRequest('metadata.managedFields must be nil')
  wanted.metadata.name ??= name
  if (kind.subresources.includes('status') && route.subresource === undefined) delete wanted.status
  const before = store.get(storeOf(kind), keyOf(wanted.metadata))
  const options = {manager, force: query.get('force') === 'true', shape: shapeOf(kind), subject: subjectOf(kind, name)}
  const context = {...contextOf(call), hasManagers: true}
  if (before !== undefined) {
    return {code: 200, body: replace(store, before, applied(asVersion(before, kind), wanted, options), context)}
  }
  const empty = {apiVersion: wanted.apiVersion, kind: kind.kind, metadata: {name: wanted.metadata.name}}
  const fresh = applied(empty, wanted, options)
  return {code: 201, body: create(store, fresh, context)}
}

/** `autoscaling/v1` Scale of something with replicas. */
function scale(store: Store, call: Call, body: JsonMap): JsonMap {
  const before = found(store, call.route)
  const wanted = isMap(body.spec) ? body.spec.replicas : undefined
  const next =
    wanted === undefined
      ? before
      : replace(
          store,
          before,
          {...before, spec: {...before.spec, replicas: wanted}},
          {...contextOf(call), subresource: undefined},
        )
  const {name, namespace = '', uid = '', resourceVersion = ''} = next.metadata
  const replicas = next.status?.replicas ?? 0
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: {name, namespace, uid, resourceVersion},
    spec: {replicas: next.spec.replicas},
    status: {replicas},
  }
}

function shown(call: Call, object: KubeObject): JsonMap | KubeObject {
  if (call.route.subresource === 'scale') return scaleOf(object)
  if (!call.accept.includes('as=Table')) return object
  const {uid: _, ...about} = {uid: '', resourceVersion: object.metadata.resourceVersion ?? ''}
  return {...tableOf(call.route.kind, [object], call.query.get('includeObject') ?? undefined), metadata: about}
}

const scaleOf = ({metadata: {name, namespace = ''}, spec, status}: KubeObject): JsonMap => ({
  kind: 'Scale',
  apiVersion: 'autoscaling/v1',
  metadata: {name, namespace},
  spec: {replicas: spec.replicas},
  status: {replicas: status?.replicas ?? 0},
})
