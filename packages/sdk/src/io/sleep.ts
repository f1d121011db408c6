import {OmniError} from '../errors.ts'

/** Resolves after `ms`; rejects with ABORTED as soon as the signal is aborted. */
export function sleep(ms: number, signal?: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer)
      reject(aborted(signal))
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, ms)
    if (signal?.aborted) abort()
    else signal?.addEventListener('abort', abort, {once: true})
  })
}

/** The ABORTED error for an aborted signal. */
export const aborted = (signal?: AbortSignal | undefined): OmniError =>
  new OmniError('ABORTED', 'interrupted', {cause: signal?.reason})

/** Throws ABORTED when the signal is aborted; call it before a side effect. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted(signal)
}
