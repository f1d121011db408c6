/** Runs work by key, one at a time: callers that come while it runs share the one run that follows. */
export function shareNext(work: (key: string) => Promise<unknown>): (key: string) => Promise<unknown> {
  const running = new Map<string, Promise<unknown>>()
  const waiting = new Map<string, Promise<unknown>>()
  const start = (key: string): Promise<unknown> => {
    waiting.delete(key)
    const run = work(key).finally(() => running.delete(key))
    running.set(key, run)
    return run
  }
  return (key) => {
    const current = running.get(key)
    if (current === undefined) return start(key)
    const next =
      waiting.get(key) ??
      current.then(
        () => start(key),
        () => start(key),
      )
    waiting.set(key, next)
    return next
  }
}
