import {aborted, sleep, throwIfAborted} from '@omni-cli/sdk'

const MOST = 24
/** Answers without a complaint until one more is dared. */
const CALM = 8

/** Bounds what is in flight. The bound halves when the server says that it is too much, and grows again slowly. */
export interface Gate {
  /** Resolves when it is this request's turn; call what it gives when the answer has begun. */
  enter(signal?: AbortSignal | undefined): Promise<() => void>
  calm(): void
  /** Nothing more is sent for a while. */
  slowDown(waitMs: number): void
}

export function openGate(): Gate {
  let bound = MOST
  let running = 0
  let calmed = 0
  let closedUntil = 0
  const queue: (() => void)[] = []
  const leave = () => {
    running--
    while (running < bound && queue.length > 0) {
      running++
      queue.shift()?.()
    }
  }
  const turn = (signal: AbortSignal | undefined): Promise<void> => {
    throwIfAborted(signal)
    if (running < bound) {
      running++
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal?.removeEventListener('abort', giveUp)
        resolve()
      }
      const giveUp = () => {
        queue.splice(queue.indexOf(enter), 1)
        reject(aborted(signal))
      }
      signal?.addEventListener('abort', giveUp, {once: true})
      queue.push(enter)
    })
  }
  return {
    async enter(signal) {
      await turn(signal)
      try {
        while (closedUntil > Date.now()) await sleep(closedUntil - Date.now(), signal)
      } catch (error) {
        leave()
        throw error
      }
      return leave
    },
    calm() {
      if (++calmed < CALM || bound >= MOST) return
      calmed = 0
      bound++
    },
    slowDown(waitMs) {
      calmed = 0
      bound = Math.max(1, Math.floor(bound / 2))
      closedUntil = Math.max(closedUntil, Date.now() + waitMs)
    },
  }
}
