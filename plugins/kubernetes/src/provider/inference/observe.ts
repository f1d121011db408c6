import {type ApiObject, type CallOptions, isAbort, type ObjectKind, type ObjectListOptions, sleep} from '@omni-cli/sdk'
import type {KubeClient, WatchEvent} from '../../client/kube-client.ts'
import type {Parts} from './component.ts'
import {modeOf} from './mode.ts'
import {DEPLOYMENT, INFERENCE_SERVICE, LABEL, LEADER_WORKER_SET, MODE, POD} from './names.ts'

/** What is seen of one service at a moment; `service` is undefined when it is gone. */
export type Sight = Omit<Parts, 'service'> & {readonly service: ApiObject | undefined}

/** Changes come in bursts: one look answers all of a burst. */
const SETTLE_MS = 100
/** Also without a change, so that rules about time are asked. */
const TICK_MS = 2_000

/**
 * An InferenceService and what belongs to it, whenever something changes and every two seconds, until whoever reads stops or
 * the signal is aborted. Three watches; four for one that runs on several nodes.
 */
export async function* observe(
  client: KubeClient,
  name: string,
  call: CallOptions & {readonly tickMs?: number | undefined} = {},
): AsyncGenerator<Sight> {
  const stop = new AbortController()
  const signal = call.signal === undefined ? stop.signal : AbortSignal.any([call.signal, stop.signal])
  const bell = createBell()
  const watching = (kind: ObjectKind, options: ObjectListOptions) =>
    watchInto(client.watch(kind, {...options, namespace: client.namespace, signal}), bell.ring)
  const labels = {[LABEL.service]: name}
  const service = watching(INFERENCE_SERVICE, {fields: `metadata.name=${name}`})
  const others = [watching(DEPLOYMENT, {labels}), watching(POD, {labels})]
  try {
    let sets: Watched | undefined
    for (;;) {
      const all = [service, ...others, ...(sets === undefined ? [] : [sets])]
      for (const {failure} of all) if (failure() !== undefined) throw failure()
      if (all.every(({isSynced}) => isSynced())) {
        const [object] = service.objects.values()
        if (object !== undefined && sets === undefined && modeOf(object).startsWith(MODE.multiNode)) {
          sets = watching(LEADER_WORKER_SET, {labels})
          continue
        }
        const [deployments, pods] = others.map(({objects}) => [...objects.values()])
        yield {
          ...{service: object, deployments: deployments ?? [], pods: pods ?? []},
          sets: [...(sets?.objects.values() ?? [])],
        }
      }
      await bell.wait(Math.min(call.tickMs ?? TICK_MS, TICK_MS), signal)
    }
  } finally {
    stop.abort()
  }
}

interface Watched {
  readonly objects: ReadonlyMap<string, ApiObject>
  isSynced(): boolean
  /** Why the watch ended. */
  failure(): unknown
}

function watchInto(events: AsyncIterable<WatchEvent>, ring: () => void): Watched {
  const objects = new Map<string, ApiObject>()
  let isSynced = false
  let failure: unknown
  const reading = (async () => {
    for await (const {type, object} of events) {
      if (type === 'synced') isSynced = true
      else if (type === 'deleted') objects.delete(object.metadata.name)
      else objects.set(object.metadata.name, object)
      ring()
    }
  })()
  reading.catch((error: unknown) => {
    if (isAbort(error)) return
    failure = error
    ring()
  })
  return {objects, isSynced: () => isSynced, failure: () => failure}
}

/** Waits for a ring and the silence after it, or for a tick. */
function createBell() {
  let {promise, resolve} = Promise.withResolvers<void>()
  return {
    ring: () => resolve(),
    async wait(ms: number, signal: AbortSignal): Promise<void> {
      const over = new AbortController()
      const either = AbortSignal.any([signal, over.signal])
      try {
        const settled = promise.then(() => sleep(SETTLE_MS, either))
        settled.catch(() => undefined)
        const tick = sleep(ms, either)
        tick.catch(() => undefined)
        await Promise.race([settled, tick])
      } finally {
        over.abort()
      }
      ;({promise, resolve} = Promise.withResolvers<void>())
    },
  }
}
