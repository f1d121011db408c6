import {OmniError} from '../errors.ts'
import {formatDuration} from '../units.ts'
import {aborted, throwIfAborted} from './sleep.ts'

/** A signal that a caller or the clock aborts, and which of the two it was. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal
  /** ABORTED or TIMEOUT once the signal is aborted. */
  readonly error: OmniError | undefined
}

/** @param timeoutMs undefined: only the caller ends it */
export function openDeadline(signal: AbortSignal | undefined, timeoutMs: number | undefined, what: string): Deadline {
  throwIfAborted(signal)
  const controller = new AbortController()
  let error: OmniError | undefined
  const end = (reason: OmniError) => {
    error ??= reason
    controller.abort(reason)
  }
  const abort = () => end(aborted(signal))
  const expire = () =>
    end(new OmniError('TIMEOUT', `${what} did not answer within ${formatDuration(timeoutMs ?? 0)}`, {retryable: true}))
  const timer = timeoutMs === undefined ? undefined : setTimeout(expire, timeoutMs)
  signal?.addEventListener('abort', abort, {once: true})
  return {
    signal: controller.signal,
    get error() {
      return error
    },
    [Symbol.dispose]() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    },
  }
}
