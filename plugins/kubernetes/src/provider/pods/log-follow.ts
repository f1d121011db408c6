import {type CallOptions, isAbort, isOmniError, type LogOptions, sleep, throwIfAborted} from '@omni-cli/sdk'
import type {PodGroup} from '../flavour.ts'
import {type LogClient, type LogSource, logSource, readSource} from './log-container.ts'
import {type LineGathering, lineGathering} from './log-merge.ts'
import {type LineMark, lineMark, type StampedLine} from './log-times.ts'
import {findReplica, isOver, numberPods} from './order.ts'
import {POD_KIND, type Pod, selectorLabels} from './pod.ts'

/** Lines that come at nearly the same time are put in order; at first, those of all pods. */
const GATHER_MS = 50
const FIRST_GATHER_MS = 250
const FIRST_WAIT_MS = 200
const LAST_WAIT_MS = 5_000

interface Followed {
  pod: Pod
  isGone: boolean
  /** Resolves when there is something new about it. */
  changed: PromiseWithResolvers<void>
}

type Options = Pick<LogOptions, 'tail' | 'since' | 'replica'> & {readonly signal: AbortSignal}

/** Lines of all pods of the service, of those to come too, until the signal. */
export async function* followPods(
  client: LogClient,
  group: PodGroup,
  options: Omit<Options, 'signal'> & CallOptions,
): AsyncGenerator<readonly StampedLine[]> {
  const over = new AbortController()
  const {signal} = over
  const stop = () => over.abort(options.signal?.reason)
  throwIfAborted(options.signal)
  options.signal?.addEventListener('abort', stop, {once: true})
  const gathering = lineGathering()
  const watching = watchPods(client, group, {gathering, options: {...options, signal}})
  watching.catch(gathering.fail)
  signal.addEventListener('abort', gathering.wake, {once: true})
  try {
    for (let waitMs = FIRST_GATHER_MS; ; waitMs = GATHER_MS) {
      await gathering.arrived()
      await sleep(waitMs, signal)
      const lines = gathering.take()
      if (lines.length > 0) yield lines
    }
  } finally {
    options.signal?.removeEventListener('abort', stop)
    over.abort()
    await watching.catch(() => undefined)
  }
}

interface Watching {
  readonly gathering: LineGathering
  readonly options: Options
}

async function watchPods(client: LogClient, group: PodGroup, {gathering, options}: Watching): Promise<void> {
  const {namespace, selector, service} = group
  const known = new Map<string, Followed>()
  let isSynced = false
  const begin = (followed: Followed) => {
    const pods = [...known.values()].filter(({isGone}) => !isGone).map(({pod}) => pod)
    const numbered = numberPods(service, pods)
    const own = numbered.find(({pod}) => pod === followed.pod)
    const isWanted = options.replica === undefined || findReplica(numbered, options.replica)?.pod === followed.pod
    if (own === undefined || !isWanted) return
    followPod(client, group, {
      followed,
      replica: own.replica,
      gathering,
      options: {...options, tail: isSynced ? undefined : options.tail},
    }).catch(gathering.fail)
  }
  for await (const {type, object} of client.watch(POD_KIND, {
    namespace,
    labels: selectorLabels(selector),
    signal: options.signal,
  })) {
    if (type === 'synced') {
      for (const followed of known.values()) begin(followed)
      isSynced = true
      continue
    }
    const id = String(object.metadata.uid ?? object.metadata.name)
    const before = known.get(id)
    const followed = before ?? {pod: object, isGone: false, changed: Promise.withResolvers<void>()}
    followed.pod = object
    followed.isGone = type === 'deleted'
    followed.changed.resolve()
    followed.changed = Promise.withResolvers()
    if (type === 'deleted') known.delete(id)
    else known.set(id, followed)
    if (before === undefined && isSynced && type !== 'deleted') begin(followed)
  }
}

interface Following extends Watching {
  readonly followed: Followed
  readonly replica: string
}

/** Reads a pod until it is gone: over restarts of its container and lost connections, each line once. */
async function followPod(client: LogClient, group: PodGroup, following: Following): Promise<void> {
  const {followed, options} = following
  const {signal} = options
  const reading: Reading = {mark: lineMark(), restarts: undefined}
  let waitMs = FIRST_WAIT_MS
  while (!signal.aborted) {
    const {changed, pod, isGone} = followed
    const source = logSource(pod, group)
    try {
      const hasRead = source !== undefined && (await readOnce(client, source, {...following, reading}))
      if (hasRead) waitMs = FIRST_WAIT_MS
    } catch (error) {
      if (signal.aborted || isAbort(error)) return
      if (!isOmniError(error) || !MAY_PASS.includes(error.code)) throw error
    }
    const isEnded = source !== undefined && isOver(pod) && pod.status?.phase !== 'Running'
    if (isGone || isEnded) return
    await Promise.race([changed.promise, sleep(waitMs, signal).catch(() => undefined)])
    waitMs = Math.min(waitMs * 2, LAST_WAIT_MS)
  }
}

/** The container does not run yet, the pod is gone, the server is away. */
const MAY_PASS: readonly string[] = ['CONFLICT', 'NOT_FOUND', 'UNAVAILABLE', 'TIMEOUT', 'INVALID']

interface Reading {
  readonly mark: LineMark
  /** Of the container that was read last. */
  restarts: number | undefined
}

/** Reads until the stream ends; whether there was a line. */
async function readOnce(
  client: LogClient,
  source: LogSource,
  {replica, gathering, options, reading}: Following & {readonly reading: Reading},
): Promise<boolean> {
  const {signal, since} = options
  const {mark, restarts} = reading
  const before = mark.since()
  // What a container wrote at its end while the connection was lost.
  const missed = restarts !== undefined && source.restarts > restarts && source.hasPrevious
  for (const previous of missed ? [true, false] : [false]) {
    const tail = before === undefined ? options.tail : undefined
    const asked = {replica, mark, tail, since, previous, follow: !previous, signal}
    for await (const lines of readSource(client, source, asked)) await gathering.put(lines)
  }
  reading.restarts = source.restarts
  return mark.since() !== before
}
