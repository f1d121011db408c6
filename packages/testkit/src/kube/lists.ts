import type {Call} from './call.ts'
import {storeOf, versionOf} from './kinds.ts'
import type {Json, JsonMap, KubeObject} from './objects.ts'
import {asVersion} from './route.ts'
import {fieldSelector, labelSelector} from './selectors.ts'
import {badRequest, gone} from './status.ts'
import type {Store} from './store.ts'
import {tableOf} from './table.ts'

/** Tests an object by the selectors of a request. */
export function matcherOf({route, query}: Call): (object: KubeObject) => boolean {
  const hasLabels = labelSelector(query.get('labelSelector') ?? undefined)
  const hasFields = fieldSelector(query.get('fieldSelector') ?? undefined)
  const {namespace, name} = route
  return (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) &&
    (name === undefined || object.metadata.name === name) &&
    hasLabels(object.metadata.labels) &&
    hasFields(object)
}

/** What a list or a removal of many is about. */
export const selected = (store: Store, call: Call): KubeObject[] =>
  store.list(storeOf(call.route.kind)).filter(matcherOf(call))

/** One page, as objects or as a table. */
export function list(store: Store, call: Call): JsonMap {
  const {kind} = call.route
  const all = selected(store, call).map((object) => asVersion(object, kind))
  const {start, version} = startOf(store, call.query.get('continue'))
  const limit = Number(call.query.get('limit') ?? 0) || all.length
  const page = all.slice(start, start + limit)
  const left = all.length - start - page.length
  const token = btoa(JSON.stringify({v: 'fake/v1', rv: version, start: start + limit}))
  const metadata = {resourceVersion: String(version), ...(left > 0 ? {continue: token, remainingItemCount: left} : {})}
  if (call.accept.includes('as=Table')) {
    return {...tableOf(kind, page, call.query.get('includeObject') ?? undefined), metadata}
  }
  // Items of built-in kinds say their kind on the list alone.
  const items = kind.schema === undefined ? page.map(({apiVersion: _, kind: __, ...rest}) => rest) : page
  return {kind: `${kind.kind}List`, apiVersion: versionOf(kind), metadata, items: items as unknown as Json[]}
}

function startOf(store: Store, token: string | null): {readonly start: number; readonly version: number} {
  if (!token) return {start: 0, version: store.version}
  let read: {start?: unknown; rv?: unknown}
  try {
    read = JSON.parse(atob(token))
  } catch {
    throw badRequest('invalid continue token: continue key is not valid: invalid character')
  }
  const [start, version] = [Number(read.start), Number(read.rv)]
  if (store.since(version) === undefined) {
    throw gone(
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
    )
  }
  return {start, version}
}
