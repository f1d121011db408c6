/** Work by key, one piece after the other; what fails is tried again a little later. */
export interface WorkQueue {
  add(key: string, afterMs?: number): void
  /** Errors of the last tries, by key. */
  readonly errors: ReadonlyMap<string, string>
  close(): Promise<void>
}

export function createQueue(work: (key: string) => Promise<void>): WorkQueue {
  const waiting = new Set<string>()
  const timers = new Set<NodeJS.Timeout>()
  const errors = new Map<string, string>()
  let isClosed = false
  let running: Promise<void> | undefined

  const drain = async () => {
    for (const key of waiting) {
      if (isClosed) return
      waiting.delete(key)
      try {
        await work(key)
        errors.delete(key)
      } catch (error) {
        errors.set(key, String(error))
        add(key, 300)
      }
    }
  }
  const add = (key: string, afterMs = 0) => {
    if (isClosed) return
    const timer = setTimeout(() => {
      timers.delete(timer)
      waiting.add(key)
      running ??= drain().finally(() => {
        running = undefined
      })
    }, afterMs)
    timers.add(timer)
  }
  return {
    add,
    errors,
    async close() {
      isClosed = true
      for (const timer of timers) clearTimeout(timer)
      await running
    },
  }
}
