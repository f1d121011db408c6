import {type FSWatcher, watch} from 'node:fs'

/** Changes are told by the system; this is for file systems and sources that tell none. */
const LOOK_EVERY_MS = 500

export interface Changes {
  /** Hints of changes in this folder end the wait. */
  watch(folder: string): void
  /** Resolves when something may have changed since the call before. */
  next(): Promise<void>
  /** Something has changed. */
  tell(): void
  close(): void
}

export function watchChanges(signal: AbortSignal | undefined): Changes {
  const watchers = new Map<string, FSWatcher | undefined>()
  let isChanged = false
  let wake: (() => void) | undefined
  const tell = () => {
    isChanged = true
    wake?.()
  }
  signal?.addEventListener('abort', tell, {once: true})
  return {
    watch(folder) {
      if (!watchers.has(folder)) watchers.set(folder, tryWatch(folder, tell))
    },
    async next() {
      const {promise, resolve} = Promise.withResolvers<void>()
      wake = resolve
      const timer = setTimeout(resolve, LOOK_EVERY_MS)
      if (isChanged) resolve()
      await promise
      clearTimeout(timer)
      isChanged = false
    },
    tell,
    close() {
      for (const watcher of watchers.values()) watcher?.close()
      signal?.removeEventListener('abort', tell)
    },
  }
}

/** Undefined when the system has no more watches to give; then looking from time to time has to do. */
function tryWatch(folder: string, change: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, change)
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return undefined
  }
}
