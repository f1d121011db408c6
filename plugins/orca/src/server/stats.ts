import {type Logger, messageOf, sleep} from '@omni-cli/sdk'
import type {InstanceStats, Runtime} from '../runtimes/runtime.ts'

/** A reading that takes longer is not waited for: a runtime that hangs must not hide what is known without it. */
const PATIENCE_MS = 1000

export type StatsReader = () => Promise<ReadonlyMap<string, InstanceStats>>

/** Readings of the runtime, shared by all who ask within `maxAgeMs`. Empty when there are none: they are never vital. */
export function createStatsReader(
  runtime: Pick<Runtime, 'stats'>,
  {maxAgeMs, log}: {readonly maxAgeMs: number; readonly log: Logger},
): StatsReader {
  let last: ReadonlyMap<string, InstanceStats> = new Map()
  let reading: Promise<void> | undefined
  let readAt = Number.NEGATIVE_INFINITY
  const read = async () => {
    readAt = performance.now()
    last = await runtime.stats().catch((error: unknown) => {
      log.debug('no stats', {problem: messageOf(error)})
      return new Map()
    })
    reading = undefined
  }
  return async () => {
    if (reading === undefined && performance.now() - readAt >= maxAgeMs) reading = read()
    if (reading !== undefined) await atMost(PATIENCE_MS, reading)
    return last
  }
}

async function atMost(ms: number, work: Promise<void>): Promise<void> {
  const timeout = new AbortController()
  await Promise.race([work, sleep(ms, timeout.signal).catch(() => undefined)])
  timeout.abort()
}
