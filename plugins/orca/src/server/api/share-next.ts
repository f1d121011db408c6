/**
 * Runs work by key, one at a time: callers that come while it runs share the one run that follows, which gets the input
 * of the last of them.
 */
export function shareNext<I>(
  work: (key: string, input: I) => Promise<unknown>,
): (key: string, input: I) => Promise<unknown> {
  const running = new Map<string, Promise<unknown>>()
  const waiting = new Map<string, {run: Promise<unknown>; input: I}>()
  const start = (key: string, input: I): Promise<unknown> => {
    const run = work(key, input).finally(() => running.delete(key))
    running.set(key, run)
    return run
  }
  return (key, input) => {
    const current = running.get(key)
    if (current === undefined) return start(key, input)
    const shared = waiting.get(key)
    if (shared !== undefined) {
      shared.input = input
      return shared.run
    }
    const startNext = () => {
      const last = waiting.get(key)?.input ?? input
      waiting.delete(key)
      return start(key, last)
    }
    const run = current.then(startNext, startNext)
    waiting.set(key, {run, input})
    return run
  }
}
