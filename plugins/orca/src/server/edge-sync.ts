import {type Logger, messageOf, OmniError} from '@omni-cli/sdk'
import type {Edge, EdgeListener, EdgeTable} from '../edge/table.ts'

export interface EdgeSync {
  /** Resolves when a table made after this call is in force. Calls while one is under way share the next one. */
  publish(): Promise<void>
  /** The same for callers that cannot wait; tried again until it succeeds. */
  publishSoon(): void
  /** Listeners as of the last table. */
  listeners(): readonly EdgeListener[]
  isOpen(service: string): boolean
  /** The service's own listener when it could not be opened. */
  lost(service: string): EdgeListener | undefined
  /** Resolves when no table is under way; none is sent after that. */
  close(): Promise<void>
}

const RETRY_MS = 250

/** Keeps the proxy's table equal to `table()`, also when the proxy was started anew. */
export function createEdgeSync(
  edge: Edge,
  table: () => EdgeTable,
  {log, checkMs}: {readonly log: Logger; readonly checkMs: number},
): EdgeSync {
  let listeners: readonly EdgeListener[] = []
  let current: Promise<void> | undefined
  let next: Promise<void> | undefined
  let retry: NodeJS.Timeout | undefined
  let pid: number | undefined
  let isClosed = false

  const apply = async (): Promise<void> => {
    // A table that comes late would start a proxy that was just ended.
    if (isClosed) throw new OmniError('ABORTED', 'the server is stopping')
    listeners = await edge.apply(table())
  }
  const startApply = (): Promise<void> => {
    const mine = apply().finally(() => {
      if (current === mine) current = undefined
    })
    current = mine
    return mine
  }
  const publish = (): Promise<void> => {
    if (next !== undefined) return next
    if (current === undefined) return startApply()
    next = current
      .catch(() => undefined)
      .then(() => {
        next = undefined
        return startApply()
      })
    return next
  }
  const publishSoon = (): void => {
    if (isClosed) return
    publish().catch((error) => {
      log.debug('edge table not applied', {problem: messageOf(error)})
      clearTimeout(retry)
      if (!isClosed) retry = setTimeout(publishSoon, RETRY_MS).unref()
    })
  }
  const check = async (): Promise<void> => {
    const health = await edge.health().catch(() => undefined)
    const isSame = health !== undefined && (pid === undefined || pid === health.pid)
    pid = health?.pid
    // A port that somebody else had may be free again.
    const isLacking = listeners.some(({error}) => error !== undefined)
    if (!isSame || isLacking) publishSoon()
  }
  const timer = setInterval(() => void check(), checkMs).unref()

  return {
    publish,
    publishSoon,
    listeners: () => listeners,
    isOpen: (service) => listeners.some((listener) => listener.service === service && listener.error === undefined),
    lost: (service) => listeners.find((listener) => listener.service === service && listener.error !== undefined),
    async close() {
      isClosed = true
      clearInterval(timer)
      clearTimeout(retry)
      await Promise.allSettled([current, next])
    },
  }
}
