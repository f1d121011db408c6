import type {InstanceStats, RuntimeInstance} from '../runtime.ts'
import {listProcesses, type ProcessRow} from './process-table.ts'

/** Processor time of each process that was seen, by pid and start time, and when. */
export interface StatsReading {
  readonly atMs: number
  readonly cpuMs: ReadonlyMap<string, number>
}

export interface StatsResult {
  readonly stats: ReadonlyMap<string, InstanceStats>
  /** Hand it to the next call. */
  readonly reading: StatsReading
}

/** Sums over the sessions of the instances. Without a reading before, the percentage is 0. */
export function readStats(instances: readonly RuntimeInstance[], before: StatsReading | undefined): StatsResult {
  const atMs = performance.now()
  const running = instances.filter(({state}) => state === 'running')
  const bySession = Map.groupBy(running.length === 0 ? [] : listProcesses(), (row) => row.session)
  const cpuMs = new Map<string, number>()
  const stats = new Map<string, InstanceStats>()
  for (const {id, pid} of running) {
    const rows = (pid === undefined ? undefined : bySession.get(pid)) ?? []
    let spentMs = 0
    for (const row of rows) {
      cpuMs.set(keyOf(row), row.cpuMs)
      if (before !== undefined) spentMs += row.cpuMs - (before.cpuMs.get(keyOf(row)) ?? 0)
    }
    const elapsedMs = before === undefined ? 0 : atMs - before.atMs
    stats.set(id, {
      cpuPercent: elapsedMs > 0 ? Math.round((spentMs / elapsedMs) * 1000) / 10 : 0,
      memoryBytes: rows.reduce((sum, row) => sum + row.memoryBytes, 0),
    })
  }
  return {stats, reading: {atMs, cpuMs}}
}

const keyOf = (row: ProcessRow): string => `${row.pid}/${row.startTime}`
