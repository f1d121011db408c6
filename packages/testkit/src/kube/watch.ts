import type {ServerResponse} from 'node:http'
import {type ServedKind, storeOf} from './kinds.ts'
import type {JsonMap, KubeObject} from './objects.ts'
import {gone, KubeError} from './status.ts'
import type {Store, StoreEvent} from './store.ts'

export interface WatchRequest {
  readonly kind: ServedKind
  /** Objects that are told of. */
  matches(object: KubeObject): boolean
  /** As the client is to see them: an object, or a table of one row. */
  shown(object: KubeObject): JsonMap
  /** Absent or `0`: what there is is told first. */
  readonly resourceVersion?: string | undefined
  readonly bookmarks: boolean
  readonly timeoutSeconds?: number | undefined
}

/** Tells changes as lines of JSON until the client is gone or the time is over. */
export function watch(store: Store, response: ServerResponse, request: WatchRequest): void {
  const {kind, resourceVersion, matches, shown} = request
  const send = (type: string, object: JsonMap) => response.write(`${JSON.stringify({type, object})}\n`)
  const tell = (event: StoreEvent) => {
    const found = changeOf(event, storeOf(kind), matches)
    if (found !== undefined) send(found.type, shown(found.object))
  }
  response.writeHead(200, {'content-type': 'application/json'})
  response.flushHeaders()
  const isFresh = resourceVersion === undefined || resourceVersion === '' || resourceVersion === '0'
  const missed = isFresh ? [] : store.since(Number(resourceVersion))
  if (missed === undefined) {
    send('ERROR', goneStatus(resourceVersion ?? '', store))
    response.end()
    return
  }
  if (isFresh) for (const object of store.list(storeOf(kind)).filter(matches)) send('ADDED', shown(object))
  for (const event of missed) tell(event)
  const bookmark = () =>
    send('BOOKMARK', {
      kind: kind.kind,
      apiVersion: kind.group ? `${kind.group}/${kind.version}` : kind.version,
      metadata: {resourceVersion: String(store.version), creationTimestamp: null},
    })
  const stop = store.listen(tell)
  const bookmarks = request.bookmarks ? setInterval(bookmark, 1000) : undefined
  const end = setTimeout(() => response.end(), (request.timeoutSeconds ?? 1800) * 1000)
  response.on('close', () => {
    stop()
    clearInterval(bookmarks)
    clearTimeout(end)
  })
}

function changeOf({type, store, object, before}: StoreEvent, wanted: string, matches: (object: KubeObject) => boolean) {
  if (store !== wanted) return undefined
  const was = before !== undefined && matches(before)
  const is = type !== 'DELETED' && matches(object)
  if (is) return {type: was ? 'MODIFIED' : 'ADDED', object}
  return was ? {type: 'DELETED', object} : undefined
}

function goneStatus(version: string, store: Store): JsonMap {
  const error = gone(`too old resource version: ${version} (${store.version})`)
  return error instanceof KubeError ? error.body : {}
}
