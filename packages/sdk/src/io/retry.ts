import {isAbort, isOmniError} from '../errors.ts'
import {sleep} from './sleep.ts'

export interface RetryOptions {
  /** Calls at most, the first included. */
  readonly attempts: number
  readonly baseMs: number
  readonly maxMs: number
  readonly signal?: AbortSignal | undefined
  /** Default: an OmniError that says it is retryable. An abort is never tried again. */
  readonly when?: ((error: unknown) => boolean) | undefined
}

/** Calls until it succeeds, with exponential back-off and full jitter between the calls; rejects with the last error. */
export async function retry<T>(options: RetryOptions, work: (attempt: number) => Promise<T>): Promise<T> {
  const {attempts, signal, when = (error) => isOmniError(error) && error.retryable} = options
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt)
    } catch (error) {
      if (attempt >= attempts || isAbort(error) || !when(error)) throw error
    }
    await sleep(backoffMs(attempt, options), signal)
  }
}

/** Between half and all of `baseMs · 2^(attempt-1)`, at most `maxMs`. */
export function backoffMs(attempt: number, {baseMs, maxMs}: {readonly baseMs: number; readonly maxMs: number}): number {
  const full = Math.min(maxMs, baseMs * 2 ** (attempt - 1))
  return full / 2 + (Math.random() * full) / 2
}
