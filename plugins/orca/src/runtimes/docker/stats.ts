import {mapLimit} from '@omni-cli/sdk'
import type {InstanceStats} from '../runtime.ts'
import {seeContainers} from './containers.ts'
import type {DockerContext} from './context.ts'
import {isRefusal} from './engine/failure.ts'
import {read, statsSchema} from './wire.ts'

interface Reading {
  readonly atMs: number
  readonly cpuNanos: number
}

const READINGS_AT_ONCE = 8

/** Readings since the one before; the first percentage of a container is 0. */
export function createStats(context: DockerContext): () => Promise<ReadonlyMap<string, InstanceStats>> {
  let before = new Map<string, Reading>()
  return async () => {
    const running = (await seeContainers(context)).filter(({isRunning, isForeign}) => isRunning && !isForeign)
    const now = new Map<string, Reading>()
    const stats = new Map<string, InstanceStats>()
    await mapLimit(running, READINGS_AT_ONCE, async ({id}) => {
      const found = await readOnce(context, id)
      if (found === undefined) return
      now.set(id, found.reading)
      stats.set(id, {cpuPercent: percent(before.get(id), found.reading), memoryBytes: found.memoryBytes})
    })
    before = now
    return stats
  }
}

async function readOnce({engine}: DockerContext, id: string) {
  // With `one-shot` the Engine does not wait a second for a reading to compare with.
  const query = {stream: false, 'one-shot': true}
  try {
    const answer = read(statsSchema, await engine.call('GET', `/containers/${id}/stats`, {query}), 'figures')
    const {usage = 0, stats} = answer.memory_stats ?? {}
    // The page cache is given back when somebody needs it.
    const cache = stats?.inactive_file ?? stats?.total_inactive_file ?? 0
    const reading = {atMs: performance.now(), cpuNanos: answer.cpu_stats?.cpu_usage?.total_usage ?? 0}
    return {reading, memoryBytes: Math.max(0, usage - cache)}
  } catch (error) {
    if (isRefusal(error, 404, 409)) return undefined
    throw error
  }
}

function percent(before: Reading | undefined, now: Reading): number {
  if (before === undefined || now.atMs <= before.atMs) return 0
  const share = (now.cpuNanos - before.cpuNanos) / 1e6 / (now.atMs - before.atMs)
  return Math.max(0, Math.round(share * 1000) / 10)
}
