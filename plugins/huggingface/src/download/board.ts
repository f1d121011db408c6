/** Wakes those who wait for something to do, and keeps the first failure. */
export interface Board {
  readonly failure: Error | undefined
  fail(error: unknown): void
  /** Something has changed. */
  wake(): void
  /** Resolves at the next change. */
  change(): Promise<void>
}

/** @param onFail called once, at the first failure */
export function createBoard(onFail: () => void): Board {
  let failure: Error | undefined
  let next = Promise.withResolvers<void>()
  const wake = () => {
    next.resolve()
    next = Promise.withResolvers<void>()
  }
  return {
    get failure() {
      return failure
    },
    fail(error) {
      if (failure === undefined) {
        failure = error instanceof Error ? error : new Error(String(error))
        onFail()
      }
      wake()
    },
    wake,
    change: () => next.promise,
  }
}
