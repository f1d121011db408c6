import {type Logger, messageOf} from '@omni-cli/sdk'
import type {InstanceStats, Runtime} from '../runtimes/runtime.ts'

/** Readings of the runtime, shared by all who ask within `maxAgeMs`. Empty when there are none: they are never vital. */
export function createStatsReader(
  runtime: Pick<Runtime, 'stats'>,
  {maxAgeMs, log}: {readonly maxAgeMs: number; readonly log: Logger},
): () => Promise<ReadonlyMap<string, InstanceStats>> {
  let reading: Promise<ReadonlyMap<string, InstanceStats>> | undefined
  let readAt = 0
  return () => {
    const now = performance.now()
    if (reading === undefined || now - readAt >= maxAgeMs) {
      readAt = now
      reading = runtime.stats().catch((error: unknown) => {
        log.debug('no stats', {problem: messageOf(error)})
        return new Map()
      })
    }
    return reading
  }
}
