import {aborted, isOmniError, OmniError, throwIfAborted} from '@omni-cli/sdk'
import {connectionFailure} from './connection-failure.ts'

/** A signal that the caller or the clock aborts. */
export interface Limit extends Disposable {
  readonly signal: AbortSignal
  /** From now on only the caller ends it. */
  answered(): void
  /** What to throw for what was caught: ABORTED and TIMEOUT where that is the cause. */
  error(caught: unknown): unknown
}

export function openLimit(signal: AbortSignal | undefined, timeoutMs: number, server: string): Limit {
  throwIfAborted(signal)
  const controller = new AbortController()
  let isLate = false
  const abort = () => controller.abort()
  const timer = setTimeout(() => {
    isLate = true
    abort()
  }, timeoutMs)
  signal?.addEventListener('abort', abort, {once: true})
  return {
    signal: controller.signal,
    answered: () => clearTimeout(timer),
    error(caught) {
      if (isLate) {
        const message = `the API server at ${server} did not answer within ${Math.round(timeoutMs / 1000)}s`
        return new OmniError('TIMEOUT', message, {retryable: true, hint: 'omni cluster health'})
      }
      if (signal?.aborted) return aborted(signal)
      return isOmniError(caught) ? caught : connectionFailure(server, caught)
    },
    [Symbol.dispose]() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    },
  }
}
