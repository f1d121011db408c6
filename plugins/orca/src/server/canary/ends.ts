import {EventEmitter} from 'node:events'
import {aborted} from '@omni-cli/sdk'

/** How a canary ended. */
export interface CanaryEnd {
  readonly service: string
  readonly release: string
  readonly verdict: 'promoted' | 'aborted'
  readonly reason: string
}

/** News of ended canaries, for those who wait for a verdict. */
export interface CanaryEnds {
  tell(end: CanaryEnd): void
  /** Resolves when that canary has ended after this call; rejects with ABORTED by the signal. */
  wait(service: string, release: string, signal: AbortSignal): Promise<CanaryEnd>
}

export function createCanaryEnds(): CanaryEnds {
  const news = new EventEmitter<{end: [CanaryEnd]}>().setMaxListeners(0)
  return {
    tell: (end) => {
      news.emit('end', end)
    },
    wait(service, release, signal) {
      const {promise, resolve, reject} = Promise.withResolvers<CanaryEnd>()
      const hear = (end: CanaryEnd) => {
        if (end.service === service && end.release === release) resolve(end)
      }
      const abort = () => reject(aborted(signal))
      news.on('end', hear)
      signal.addEventListener('abort', abort, {once: true})
      if (signal.aborted) abort()
      return promise.finally(() => {
        news.off('end', hear)
        signal.removeEventListener('abort', abort)
      })
    },
  }
}
