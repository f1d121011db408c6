import {aborted, throwIfAborted} from '@omni-cli/sdk'

/** What the promise gives, or undefined when it takes longer. No timer is left behind. */
export function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  const {promise: late, resolve} = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => resolve(undefined), ms)
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/** What the promise gives; ABORTED as soon as the signal is aborted, whatever becomes of the promise. */
export function orAborted<T>(signal: AbortSignal | undefined, promise: Promise<T>): Promise<T> {
  if (signal === undefined) return promise
  const {promise: cut, reject} = Promise.withResolvers<never>()
  const abort = () => reject(aborted(signal))
  if (signal.aborted) abort()
  else signal.addEventListener('abort', abort, {once: true})
  return Promise.race([promise, cut]).finally(() => signal.removeEventListener('abort', abort))
}

/** The first result that is none of an error is kept. */
export function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined
  return () => {
    result ??= work().catch((error: unknown) => {
      result = undefined
      throw error
    })
    return result
  }
}

interface Shared<T> {
  readonly result: Promise<T>
  readonly controller: AbortController
  waiting: number
  isDone: boolean
}

/**
 * The same for several who wait: each of them may leave (ABORTED), and the work is given up with the last one, so that
 * nothing goes on that nobody waits for.
 */
export function shared<T>(work: (signal: AbortSignal) => Promise<T>): (signal?: AbortSignal) => Promise<T> {
  let current: Shared<T> | undefined
  const forget = (one: Shared<T>) => {
    if (current === one) current = undefined
  }
  const begin = (): Shared<T> => {
    const controller = new AbortController()
    const one: Shared<T> = {result: work(controller.signal), controller, waiting: 0, isDone: false}
    one.result.then(
      () => {
        one.isDone = true
      },
      () => forget(one),
    )
    return one
  }
  return async (signal) => {
    throwIfAborted(signal)
    current ??= begin()
    const mine = current
    mine.waiting++
    try {
      return await orAborted(signal, mine.result)
    } finally {
      mine.waiting--
      if (mine.waiting === 0 && !mine.isDone) {
        forget(mine)
        mine.controller.abort()
      }
    }
  }
}
