import {type ServedKind, storeOf} from './kinds.ts'
import {isMap, type Json, type JsonMap, type KubeObject, keyOf} from './objects.ts'
import {conflict} from './status.ts'
import type {Store} from './store.ts'
import {subjectOf, timeNow} from './writes.ts'

export interface DeleteRequest {
  readonly kind: ServedKind
  readonly dryRun?: boolean | undefined
  /** `DeleteOptions`, of the body or the query. */
  readonly options: JsonMap
}

/** Removes an object, or marks it when finalizers hold it; the answer to the request. */
export function remove(store: Store, object: KubeObject, {kind, dryRun, options}: DeleteRequest): KubeObject | JsonMap {
  const {metadata} = object
  const wanted = isMap(options.preconditions) ? options.preconditions : {}
  for (const field of ['uid', 'resourceVersion'] as const) {
    if (wanted[field] === undefined || wanted[field] === metadata[field]) continue
    const which = field === 'uid' ? 'UID' : 'ResourceVersion'
    throw conflict(
      subjectOf(kind, metadata.name),
      `Precondition failed: ${which} in precondition: ${wanted[field]}, ${which} in object meta: ${metadata[field]}`,
    )
  }
  const done = {kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details: detailsOf(kind, object)}
  if (dryRun === true) return done
  const policy = policyOf(options.propagationPolicy)
  const holders = [...(metadata.finalizers ?? []), ...(policy === undefined ? [] : [policy])]
  if (holders.length === 0 && kind.kind !== 'Namespace') {
    store.remove(kind, keyOf(metadata))
    return done
  }
  if (metadata.deletionTimestamp !== undefined) return object
  const marks = {deletionTimestamp: timeNow(), deletionGracePeriodSeconds: 0}
  const marked: KubeObject = {
    ...object,
    metadata: {...metadata, ...marks, ...(holders.length === 0 ? {} : {finalizers: [...new Set(holders)]})},
  }
  if (kind.kind === 'Namespace') marked.status = {phase: 'Terminating'}
  return store.put(kind, marked)
}

const detailsOf = ({plural, group}: ServedKind, {metadata: {name, uid = ''}}: KubeObject): JsonMap => ({
  name,
  ...(group === '' ? {} : {group}),
  kind: plural,
  uid,
})

function policyOf(policy: Json | undefined): string | undefined {
  if (policy === 'Foreground') return 'foregroundDeletion'
  return policy === 'Orphan' ? 'orphan' : undefined
}

/** Does what the controller for namespaces and the garbage collector do, after each change, a moment later. */
export function collectGarbage(store: Store, later: (work: () => void) => void): void {
  store.listen(({type, object, store: from}) => {
    const {metadata} = object
    if (type === 'DELETED' || metadata.deletionTimestamp !== undefined) {
      later(() => {
        if (from === 'namespaces') emptyNamespace(store, object)
        else if (metadata.finalizers?.includes('orphan') && type !== 'DELETED') letGo(store, object, from)
        else if (metadata.finalizers?.includes('foregroundDeletion') || type === 'DELETED')
          removeChildren(store, object, from)
      })
    }
    if (type !== 'DELETED') return
    later(() => finishParents(store, object))
    const home = store.get('namespaces', `/${metadata.namespace}`)
    if (home?.metadata.deletionTimestamp !== undefined) later(() => emptyNamespace(store, home))
  })
}

const childrenOf = (store: Store, uid: string | undefined) =>
  store.all().filter(({object}) => object.metadata.ownerReferences?.some((owner) => owner.uid === uid))

function removeChildren(store: Store, owner: KubeObject, from: string): void {
  const children = childrenOf(store, owner.metadata.uid)
  const isForeground = owner.metadata.finalizers?.includes('foregroundDeletion') === true
  for (const {kind, object} of children) {
    remove(store, object, {kind, options: isForeground ? {propagationPolicy: 'Foreground'} : {}})
  }
  if (children.length === 0 && isForeground) dropFinalizer(store, owner, from, 'foregroundDeletion')
}

function finishParents(store: Store, {metadata}: KubeObject): void {
  for (const {uid} of metadata.ownerReferences ?? []) {
    const found = store.all().find(({object}) => object.metadata.uid === uid)
    if (found?.object.metadata.finalizers?.includes('foregroundDeletion') !== true) continue
    if (childrenOf(store, uid).length === 0)
      dropFinalizer(store, found.object, storeOf(found.kind), 'foregroundDeletion')
  }
}

function letGo(store: Store, owner: KubeObject, from: string): void {
  for (const {kind, object} of childrenOf(store, owner.metadata.uid)) {
    const ownerReferences = object.metadata.ownerReferences?.filter(({uid}) => uid !== owner.metadata.uid) ?? []
    store.put(kind, {...object, metadata: {...object.metadata, ownerReferences}})
  }
  dropFinalizer(store, owner, from, 'orphan')
}

function dropFinalizer(store: Store, {metadata}: KubeObject, from: string, finalizer: string): void {
  const kind = store.kinds.find((one) => storeOf(one) === from)
  const object = store.get(from, keyOf(metadata))
  if (kind === undefined || object === undefined) return
  const finalizers = object.metadata.finalizers?.filter((one) => one !== finalizer) ?? []
  if (finalizers.length === 0) store.remove(kind, keyOf(metadata))
  else store.put(kind, {...object, metadata: {...object.metadata, finalizers}})
}

/** A namespace goes when nothing is left in it. */
function emptyNamespace(store: Store, {metadata: {name}}: KubeObject): void {
  const inside = store.all().filter(({object}) => object.metadata.namespace === name)
  for (const {kind, object} of inside) remove(store, object, {kind, options: {}})
  const kind = store.kind('', 'v1', 'namespaces')
  if (kind !== undefined && !store.all().some(({object}) => object.metadata.namespace === name))
    store.remove(kind, `/${name}`)
}
