import {type ApiObject, type CallOptions, isAbort, isOmniError, sleep} from '@omni-cli/sdk'
import type {KubeRequest, WatchEvent} from './kube-client.ts'
import {statusFailure, statusOf} from './status-failure.ts'
import {watchLines} from './watch-lines.ts'

/** How a collection is asked. */
export interface WatchSource {
  readonly request: KubeRequest
  list(options: CallOptions): Promise<{readonly version: string; readonly items: readonly ApiObject[]}>
  /** The answer to a watch as it comes; rejects for another status than 200. */
  open(request: KubeRequest, options: CallOptions): Promise<AsyncIterable<Buffer>>
}

/** The server ends a watch by itself after this. */
const WATCH_SECONDS = 300
const LONGEST_WAIT_MS = 5_000
/** A watch that ends sooner was refused; without a pause it would be opened without end. */
const SHORT_MS = 500
/** What may be over the next time. */
const PASSING = new Set(['UNAVAILABLE', 'TIMEOUT', 'IO'])

/** What was told, to notice what happened while nobody watched. */
type Told = Map<string, ApiObject>

/** Everything that is there, then every change until the signal. Rejects with what the first list rejects with. */
export async function* watchObjects(source: WatchSource, options: CallOptions): AsyncGenerator<WatchEvent> {
  const {signal, onProgress} = options
  const told: Told = new Map()
  const {version, items} = await source.list(options)
  yield* differences(told, items)
  yield SYNCED
  const state: WatchState = {told, version, failures: 0}
  while (signal?.aborted !== true) {
    try {
      yield* watchOnce(source, state, options)
    } catch (error) {
      if (isAborted(signal)) return
      if (isGone(error)) state.version = undefined
      else if (!isPassing(error)) throw error
      else onProgress?.('the connection to the API server is lost; trying again')
      const waitMs = Math.min(LONGEST_WAIT_MS, 100 * 2 ** Math.min(state.failures++, 10))
      await sleep(waitMs, signal).catch(() => undefined)
    }
  }
}

interface WatchState {
  readonly told: Told
  /** Undefined: the server has forgotten it. */
  version: string | undefined
  failures: number
}

/** Until the server ends the watch, or the connection is lost. */
async function* watchOnce(source: WatchSource, state: WatchState, options: CallOptions): AsyncGenerator<WatchEvent> {
  const startedAt = Date.now()
  if (state.version === undefined) {
    const {version, items} = await source.list(options)
    yield* differences(state.told, items)
    state.version = version
  }
  for await (const {type, object} of eventsFrom(source, state.version, options)) {
    state.failures = 0
    state.version = versionOf(object) ?? state.version
    if (type === 'bookmark') continue
    if (type === 'deleted') state.told.delete(keyOf(object))
    else state.told.set(keyOf(object), object)
    yield {type, object}
  }
  if (Date.now() - startedAt < SHORT_MS) await sleep(SHORT_MS, options.signal)
}

const SYNCED: WatchEvent = {type: 'synced', object: {apiVersion: '', kind: '', metadata: {name: ''}}}

const isAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted === true

/** Errors of connections have a code of the system. */
const isPassing = (error: unknown): boolean =>
  isOmniError(error) ? PASSING.has(error.code) : error instanceof Error && 'code' in error && !isAbort(error)

/** The server has forgotten the version that we know. */
const isGone = (error: unknown): boolean => isOmniError(error) && statusOf(error) === 410

interface RawEvent {
  readonly type: 'added' | 'modified' | 'deleted' | 'bookmark'
  readonly object: ApiObject
}

const TYPES: Readonly<Record<string, RawEvent['type']>> = {
  ADDED: 'added',
  MODIFIED: 'modified',
  DELETED: 'deleted',
  BOOKMARK: 'bookmark',
}

async function* eventsFrom(source: WatchSource, version: string, options: CallOptions): AsyncGenerator<RawEvent> {
  const query = {
    ...source.request.query,
    watch: 1,
    allowWatchBookmarks: true,
    resourceVersion: version,
    timeoutSeconds: WATCH_SECONDS,
  }
  const request = {...source.request, query}
  const body = await source.open(request, options)
  for await (const {type, object} of watchLines(body)) {
    const known = TYPES[type]
    if (known !== undefined) yield {type: known, object}
    else if (type === 'ERROR') throw statusFailure(request, codeIn(object), JSON.stringify(object))
  }
}

const codeIn = ({code}: ApiObject): number => (typeof code === 'number' ? code : 500)

const versionOf = ({metadata}: ApiObject): string | undefined =>
  typeof metadata.resourceVersion === 'string' ? metadata.resourceVersion : undefined

const keyOf = ({metadata}: ApiObject): string => `${metadata.namespace ?? ''}/${metadata.name}`

/** What a list tells beyond what was told before: also of what is gone, and of what is another one of the same name. */
function* differences(told: Told, items: readonly ApiObject[]): Generator<WatchEvent> {
  const keys = new Set(items.map(keyOf))
  for (const [key, object] of [...told]) {
    if (keys.has(key)) continue
    told.delete(key)
    yield {type: 'deleted', object}
  }
  for (const object of items) {
    const before = told.get(keyOf(object))
    told.set(keyOf(object), object)
    if (before === undefined) yield {type: 'added', object}
    else if (before.metadata.uid !== object.metadata.uid) {
      yield {type: 'deleted', object: before}
      yield {type: 'added', object}
    } else if (versionOf(before) !== versionOf(object)) yield {type: 'modified', object}
  }
}
