import {type Logger, messageOf, sleep} from '@omni-cli/sdk'
import type {InstanceStats, Runtime} from '../runtimes/runtime.ts'

/**
 * A reading that takes longer is not waited for, however many ask: what is known without it must not be kept back. Some
 * Docker Engines take a second for each container.
 */
const PATIENCE_MS = 300
/** Figures that are older say nothing about now. */
const FRESH_MS = 10_000

export type StatsReader = () => Promise<ReadonlyMap<string, InstanceStats>>

/** Readings of the runtime, shared by all who ask within `maxAgeMs`. Empty when there are none: they are never vital. */
export function createStatsReader(
  runtime: Pick<Runtime, 'stats'>,
  {maxAgeMs, log}: {readonly maxAgeMs: number; readonly log: Logger},
): StatsReader {
  let last: ReadonlyMap<string, InstanceStats> = new Map()
  let reading: Promise<void> | undefined
  let readAt = Number.NEGATIVE_INFINITY
  let endedAt = Number.NEGATIVE_INFINITY
  const read = async () => {
    readAt = performance.now()
    last = await runtime.stats().catch((error: unknown) => {
      log.debug('no stats', {problem: messageOf(error)})
      return new Map()
    })
    reading = undefined
    endedAt = performance.now()
  }
  return async () => {
    if (reading === undefined && performance.now() - readAt >= maxAgeMs) reading = read()
    const leftMs = readAt + PATIENCE_MS - performance.now()
    if (reading !== undefined && leftMs > 0) await atMost(leftMs, reading)
    return performance.now() - endedAt <= FRESH_MS ? last : new Map()
  }
}

async function atMost(ms: number, work: Promise<void>): Promise<void> {
  const timeout = new AbortController()
  await Promise.race([work, sleep(ms, timeout.signal).catch(() => undefined)])
  timeout.abort()
}
