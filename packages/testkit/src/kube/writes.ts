import {randomBytes, randomUUID} from 'node:crypto'
import {afterUpdate} from './apply.ts'
import {establish} from './crds.ts'
import {fillIn, problemsOfBuiltIn, problemsOfName} from './defaults.ts'
import {hasStatus, type ServedKind, storeOf} from './kinds.ts'
import {isSame, type JsonMap, type KubeObject, keyOf} from './objects.ts'
import {fitted, problemsOf} from './schema.ts'
import type {Shape} from './shape.ts'
import {alreadyExists, badRequest, changedMeanwhile, invalid, notFound} from './status.ts'
import type {Store} from './store.ts'

export interface WriteContext {
  readonly kind: ServedKind
  readonly manager: string
  readonly dryRun?: boolean | undefined
  readonly subresource?: string | undefined
  /** The object brings its managers along: it was applied. */
  readonly hasManagers?: boolean | undefined
}

export const subjectOf = ({group, plural}: ServedKind, name: string | undefined) => ({group, kind: plural, name})
export const shapeOf = ({schema}: ServedKind): Shape => ({schema, field: ''})
export const timeNow = (): string => `${new Date().toISOString().slice(0, 19)}Z`

export function create(store: Store, given: KubeObject, context: WriteContext): KubeObject {
  const {kind} = context
  const object = structuredClone(given)
  const {metadata} = object
  if (!metadata.name && metadata.generateName)
    metadata.name = metadata.generateName + randomBytes(3).toString('hex').slice(0, 5)
  if (!metadata.name) {
    throw invalid({group: kind.group, kind: kind.kind, name: ''}, [
      {
        reason: 'FieldValueRequired',
        message: 'Required value: name or generateName is required',
        field: 'metadata.name',
      },
    ])
  }
  if (metadata.resourceVersion) throw badRequest('resourceVersion should not be set on objects to be created')
  checkNamespace(store, metadata.namespace)
  if (store.get(storeOf(kind), keyOf(metadata)) !== undefined) throw alreadyExists(subjectOf(kind, metadata.name))
  if (hasStatus(kind)) delete object.status
  Object.assign(metadata, {uid: randomUUID(), creationTimestamp: timeNow()})
  if (hasGeneration(kind)) metadata.generation = 1
  return finish(store, undefined, object, context)
}

function checkNamespace(store: Store, namespace: string | undefined): void {
  if (namespace === undefined) return
  const found = store.get('namespaces', `/${namespace}`)
  if (found === undefined) throw notFound({kind: 'namespaces', name: namespace})
}

/** Replaces an object, or its status. */
export function replace(store: Store, before: KubeObject, given: KubeObject, context: WriteContext): KubeObject {
  const {kind, subresource} = context
  const {resourceVersion, name} = given.metadata
  if (resourceVersion && resourceVersion !== before.metadata.resourceVersion) {
    throw changedMeanwhile(subjectOf(kind, name ?? before.metadata.name))
  }
  const {uid, creationTimestamp, generation, deletionTimestamp} = before.metadata
  const fixed = {
    uid,
    creationTimestamp,
    generation,
    deletionTimestamp,
    resourceVersion: before.metadata.resourceVersion,
  }
  const {namespace} = before.metadata
  const kept = {...fixed, name: before.metadata.name, ...(namespace === undefined ? {} : {namespace})}
  const isOfStatus = subresource === 'status'
  const next: KubeObject = isOfStatus
    ? {...structuredClone(before), status: structuredClone(given.status)}
    : {
        ...structuredClone(given),
        metadata: {...structuredClone(given.metadata), ...withoutUndefined(kept)} as KubeObject['metadata'],
      }
  if (!isOfStatus && hasStatus(kind)) {
    if (before.status === undefined) delete next.status
    else next.status = structuredClone(before.status)
  }
  return finish(store, before, next, context)
}

const withoutUndefined = (fields: object) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

function finish(store: Store, before: KubeObject | undefined, object: KubeObject, context: WriteContext): KubeObject {
  const {kind, manager, dryRun} = context
  if (kind.schema === undefined) fillIn(object)
  for (const field of ['labels', 'annotations', 'finalizers', 'ownerReferences'] as const) {
    if (Object.keys(object.metadata[field] ?? {}).length === 0) delete object.metadata[field]
  }
  const next = fitted(object as KubeObject & JsonMap, kind.schema) as KubeObject
  const causes = [
    ...problemsOfName(next),
    ...(kind.schema === undefined ? problemsOfBuiltIn(next) : problemsOf(next as JsonMap, kind.schema)),
  ]
  if (causes.length > 0) throw invalid({group: kind.group, kind: kind.kind, name: next.metadata.name}, causes)
  if (kind.kind === 'CustomResourceDefinition' && next.status === undefined) establish(next)
  if (before !== undefined && hasGeneration(kind) && !isSame(content(before, kind), content(next, kind))) {
    next.metadata.generation = (before.metadata.generation ?? 0) + 1
  }
  if (context.hasManagers !== true) afterUpdate(before, next, manager, shapeOf(kind))
  if (before !== undefined && isSame(before, next)) return before
  if (dryRun === true) return next
  if (next.metadata.deletionTimestamp !== undefined && (next.metadata.finalizers ?? []).length === 0) {
    store.remove(kind, keyOf(next.metadata))
    return next
  }
  return store.put(kind, next)
}

const hasGeneration = ({schema, kind}: ServedKind): boolean =>
  schema !== undefined ||
  /^(Deployment|ReplicaSet|StatefulSet|DaemonSet|Ingress|CustomResourceDefinition|NetworkPolicy|PodDisruptionBudget)$/.test(
    kind,
  )

/** What counts as a new generation. */
function content(object: KubeObject, kind: ServedKind): JsonMap {
  const {metadata: _, status, ...rest} = object
  return hasStatus(kind) ? (rest as JsonMap) : ({...rest, status} as JsonMap)
}
