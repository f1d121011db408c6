import {aborted, throwIfAborted} from '@omni-cli/sdk'

/** One lock for each key; who asks first is served first. */
export interface Locks {
  run<T>(key: string, work: () => Promise<T>, options?: {readonly signal?: AbortSignal | undefined}): Promise<T>
  /** Resolves when nobody holds or awaits a lock. */
  idle(): Promise<void>
}

/** @param limit how many locks may be held at once, so that a hundred deploys do not start a hundred builds */
export function createLocks(limit: number): Locks {
  const tails = new Map<string, Promise<void>>()
  const slots = createSlots(limit)

  return {
    async run(key, work, {signal} = {}) {
      const before = tails.get(key) ?? Promise.resolve()
      const {promise: done, resolve: release} = Promise.withResolvers<void>()
      const tail = before.then(() => done)
      tails.set(key, tail)
      try {
        await orAborted(before, signal)
        await slots.take()
        try {
          throwIfAborted(signal)
          return await work()
        } finally {
          slots.give()
        }
      } finally {
        release()
        // The next in the queue may have come meanwhile.
        void tail.then(() => tails.get(key) === tail && tails.delete(key))
      }
    },
    async idle() {
      while (tails.size > 0) await Promise.all(tails.values())
    },
  }
}

function createSlots(limit: number) {
  const waiting: (() => void)[] = []
  let free = limit
  return {
    async take(): Promise<void> {
      if (free > 0) free--
      else await new Promise<void>((resolve) => waiting.push(resolve))
    },
    give(): void {
      const next = waiting.shift()
      if (next === undefined) free++
      else next()
    },
  }
}

/** Gives up the wait, not the place of those behind: their turn still comes after the one before. */
async function orAborted(turn: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  throwIfAborted(signal)
  if (signal === undefined) return turn
  const {promise, reject} = Promise.withResolvers<never>()
  const abort = () => reject(aborted(signal))
  signal.addEventListener('abort', abort, {once: true})
  try {
    await Promise.race([turn, promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
