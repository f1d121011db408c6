import {aborted, backoffMs, type CallOptions, isAbort, isOmniError, OmniError, retry, sleep} from '@omni-cli/sdk'
import {readEnvelope, readWire} from './answer.ts'
import type {Connections} from './connections.ts'
import {type OperationEvents, openOperationEvents, type Subscription} from './operation-events.ts'
import {progressTo} from './operation-progress.ts'
import type {Transport} from './transport.ts'
import {type Operation, operationWire} from './wire.ts'
import {orAborted, within} from './within.ts'

/** A wait is asked anew after so long, so that a connection that died silently is noticed. */
const WAIT_SECONDS = 60
/** Events can be lost without a word: slow listeners get none. */
const REREAD_MS = 15_000
/** Operations that take longer tell what they do. */
const QUIET_MS = 1_000
const CANCEL_MS = 5_000
/** Of the events of one operation; then it is waited for without them. */
const MAX_LOSSES = 3

/** Waits for operations. */
export interface Operations {
  /**
   * Resolves when it has ended, well or not, or with undefined when the server has forgotten it. An abort cancels it where
   * the server can, and rejects.
   */
  settle(operation: Operation, options?: CallOptions): Promise<Operation | undefined>
  close(): void
}

export const hasEnded = ({status_code}: Operation): boolean => status_code >= 200

export function openOperations(transport: Transport, connections: Pick<Connections, 'socket'>): Operations {
  const events = openOperationEvents(connections)
  let outstanding = 0
  return {
    async settle(operation, options = {}) {
      if (hasEnded(operation)) return operation
      outstanding++
      try {
        // For one alone a request that waits is faster than a websocket, whose library takes 45 ms to load. Elsewhere in a
        // cluster the request does not wait.
        const isElsewhere = operation.location !== 'none' && operation.location !== ''
        const wait = outstanding > 1 || isElsewhere ? waitByEvents : waitByRequest
        return await wait({transport, events, operation, options})
      } catch (error) {
        if (options.signal?.aborted !== true) throw error
        throw await cancel(transport, operation, options.signal)
      } finally {
        outstanding--
      }
    },
    close: () => events.close(),
  }
}

interface Wait {
  readonly transport: Transport
  readonly events: OperationEvents
  readonly operation: Operation
  readonly options: CallOptions
}

async function waitByEvents(wait: Wait): Promise<Operation | undefined> {
  const {transport, events, operation, options} = wait
  const ended = Promise.withResolvers<Operation>()
  const tell = progressTo(options.onProgress)
  const listen = (changed: Operation) => (hasEnded(changed) ? ended.resolve(changed) : tell(changed))
  let losses = 0
  while (losses < MAX_LOSSES) {
    const followed = events.follow(operation.id, listen)
    try {
      const {lost} = await orAborted(options.signal, followed)
      // What happened before anybody listened.
      const current = await readOperation(transport, operation.id, options)
      if (current === undefined || hasEnded(current)) return current
      const isLost = lost.then(() => 'lost' as const)
      const found = await orAborted(options.signal, within(REREAD_MS, Promise.race([ended.promise, isLost])))
      if (found === 'lost') losses++
      else if (found !== undefined) return found
    } catch (error) {
      if (isAbort(error)) throw error
      break
    } finally {
      void followed.then(({stop}) => stop()).catch(() => undefined)
    }
  }
  return waitByRequest(wait)
}

async function waitByRequest({transport, events, operation, options}: Wait): Promise<Operation | undefined> {
  const {id} = operation
  const stop = tellLater(events, id, options)
  try {
    for (let attempt = 1; ; attempt++) {
      const startedAt = Date.now()
      const waited = await askToWait(transport, id, options)
      if (waited !== undefined) return waited
      const current = await readOperation(transport, id, options)
      if (current === undefined || hasEnded(current)) return current
      const didWait = Date.now() - startedAt > 1_000
      if (!didWait) await sleep(backoffMs(Math.min(attempt, 6), {baseMs: 50, maxMs: 1_000}), options.signal)
    }
  } finally {
    stop()
  }
}

/** The operation when it has ended; else what to make of it must be read. */
async function askToWait(transport: Transport, id: string, {signal}: CallOptions): Promise<Operation | undefined> {
  const request = {method: 'GET', path: `/operations/${id}/wait`, query: {timeout: String(WAIT_SECONDS)}} as const
  try {
    const {status, text} = await transport.send(request, {signal, timeoutMs: (WAIT_SECONDS + 30) * 1_000})
    const operation = readWire(operationWire, readEnvelope(status, text).metadata, request.path)
    return hasEnded(operation) ? operation : undefined
  } catch (error) {
    if (isAbort(error) || !isOmniError(error)) throw error
    // A failed operation is an error here, and so is a wait that was too long; the operation itself tells which.
    return undefined
  }
}

/** Undefined when there is none (any more). A server that is started again meanwhile is waited for. */
async function readOperation(transport: Transport, id: string, {signal}: CallOptions): Promise<Operation | undefined> {
  const path = `/operations/${id}`
  const {status, text} = await retry({attempts: 8, baseMs: 200, maxMs: 3_000, signal}, () =>
    transport.send({method: 'GET', path}, {signal}),
  )
  if (status === 404) return undefined
  return readWire(operationWire, readEnvelope(status, text).metadata, path)
}

/** Notes about an operation that takes its time. Returns what ends them. */
function tellLater(events: OperationEvents, id: string, {onProgress}: CallOptions): () => void {
  if (onProgress === undefined) return () => undefined
  let subscription: Promise<Subscription | undefined> | undefined
  const timer = setTimeout(() => {
    subscription = events.follow(id, progressTo(onProgress)).catch(() => undefined)
  }, QUIET_MS)
  return () => {
    clearTimeout(timer)
    void subscription?.then((followed) => followed?.stop())
  }
}

/** Ends what goes on after an abort. Returns the error to reject with, which says what has become of it. */
async function cancel(transport: Transport, {id, description}: Operation, signal: AbortSignal): Promise<OmniError> {
  const request = {method: 'DELETE', path: `/operations/${id}`} as const
  const status = await transport.send(request, {timeoutMs: CANCEL_MS}).then(
    (answer) => answer.status,
    () => 0,
  )
  // Gone already, or one that cannot be cancelled: 400.
  if ((status >= 200 && status < 300) || status === 404) return aborted(signal)
  return new OmniError('ABORTED', `interrupted; Incus goes on: ${description}`, {cause: signal.reason})
}
