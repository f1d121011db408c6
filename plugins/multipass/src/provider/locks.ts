import {isOmniError, sleep} from '@omni-cli/sdk'

interface WaitOptions {
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((note: string) => void) | undefined
}

/** What must not be done at once, in this process and in others of this home. ABORTED while it is waited for. */
export interface Locks {
  /** One change of a machine at a time. */
  instance<T>(name: string, work: () => Promise<T>, options?: WaitOptions): Promise<T>
  /** Two machines at most boot at a time: more make all of them slower than one after the other. */
  boot<T>(work: () => Promise<T>, options?: WaitOptions): Promise<T>
  /** One image is downloaded at a time; the next launch of it finds it there. */
  download<T>(work: () => Promise<T>, options?: WaitOptions): Promise<T>
  /** Short changes, one after the other. */
  change<T>(work: () => Promise<T>, options?: WaitOptions): Promise<T>
  records<T>(work: () => Promise<T>): Promise<T>
}

const EVERY_MS = 50
const NOTE_AFTER_MS = 1_000

export function createLocks(home: string): Locks {
  const hold = <T>(names: readonly string[], work: () => Promise<T>, options: WaitOptions = {}) =>
    waitFor(
      home,
      names.map((name) => `multipass-${name}`),
      work,
      options,
    )
  return {
    instance: (name, work, options) => hold([`instance-${name}`], work, options),
    boot: (work, options) => hold(['boot-1', 'boot-2'], work, options),
    download: (work, options) => hold(['download'], work, options),
    change: (work, options) => hold(['change'], work, options),
    records: (work) => hold(['records'], work),
  }
}

/** Does the work with whichever of the locks is free first. */
async function waitFor<T>(
  home: string,
  names: readonly string[],
  work: () => Promise<T>,
  {signal, onProgress}: WaitOptions,
): Promise<T> {
  const {withLock} = await import('@omni-cli/sdk/engine')
  const startedAt = performance.now()
  let isTold = false
  let isOurs = false
  const once = () => {
    isOurs = true
    return work()
  }
  for (let turn = 0; ; turn++) {
    try {
      return await withLock({home, name: names[turn % names.length] ?? '', command: 'multipass'}, once)
    } catch (error) {
      if (isOurs || !isOmniError(error) || error.code !== 'LOCKED') throw error
    }
    if (!isTold && performance.now() - startedAt > NOTE_AFTER_MS) {
      onProgress?.('waiting for another command of Multipass')
      isTold = true
    }
    if (turn % names.length === names.length - 1) await sleep(EVERY_MS, signal)
  }
}
