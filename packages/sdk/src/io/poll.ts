import {OmniError} from '../errors.ts'
import {formatDuration} from '../units.ts'
import {aborted, throwIfAborted} from './sleep.ts'

export interface PollOptions {
  /** Milliseconds between two questions, or what follows the n-th one, counted from 1. */
  readonly everyMs: number | ((asked: number) => number)
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

type Probed<T> = T | undefined | false

/**
 * Asks at once and then after every `everyMs` until the probe gives something other than `undefined` or `false`.
 * A probe that throws ends the wait with its error. TIMEOUT when the time is over, also while a probe hangs; ABORTED.
 */
export function poll<T>(options: PollOptions, probe: () => Promise<Probed<T>> | Probed<T>): Promise<T> {
  const {everyMs, timeoutMs, signal} = options
  throwIfAborted(signal)
  const {promise, resolve, reject} = Promise.withResolvers<T>()
  let next: NodeJS.Timeout | undefined
  let isOver = false
  let asked = 0
  const gap = () => (typeof everyMs === 'number' ? everyMs : everyMs(asked))
  const deadline = setTimeout(
    () => reject(new OmniError('TIMEOUT', `not reached within ${formatDuration(timeoutMs)}`, {retryable: true})),
    timeoutMs,
  )
  const abort = () => reject(aborted(signal))
  signal?.addEventListener('abort', abort, {once: true})

  const ask = async (): Promise<void> => {
    try {
      asked++
      const found = await probe()
      if (isOver) return
      if (found === undefined || found === false) next = setTimeout(ask, gap())
      else resolve(found)
    } catch (error) {
      reject(error)
    }
  }
  void ask()
  return promise.finally(() => {
    isOver = true
    clearTimeout(deadline)
    clearTimeout(next)
    signal?.removeEventListener('abort', abort)
  })
}
