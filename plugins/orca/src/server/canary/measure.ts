import type {VersionMeasure} from '@omni-cli/sdk'
import {EDGE_BUCKETS, type EdgeVersionStats} from '../../edge/table.ts'

/** What was measured of one version, with what a verdict needs besides. */
export interface Measure extends VersionMeasure {
  /** Absent without requests. */
  readonly meanSeconds?: number | undefined
  /** Cumulative, as the proxy has them. */
  readonly buckets: readonly number[]
}

/** Counters of one version, all routes together. */
interface Counters {
  readonly requests: number
  readonly errors: number
  readonly seconds: number
  readonly buckets: readonly number[]
}

export interface MeasureRequest {
  readonly service: string
  readonly version: 'stable' | 'canary'
  readonly release: string
  /** Ready ones. */
  readonly replicas: number
  /** Counters of the proxy now, and when the canary began; undefined when these are of an earlier process. */
  readonly now: readonly EdgeVersionStats[]
  readonly before: readonly EdgeVersionStats[] | undefined
}

/** What the proxy has counted of a version since the canary began; since its own start when that is later. */
export function measure({service, version, release, replicas, now, before}: MeasureRequest): Measure {
  const counters = since(sumOf(now, service, release), sumOf(before ?? [], service, release))
  const {requests, errors, seconds, buckets} = counters
  const p95Seconds = percentile(buckets, requests, 0.95)
  const times = p95Seconds === undefined ? {} : {p95Seconds, meanSeconds: seconds / requests}
  return {version, release, replicas, requests, errors, buckets, ...times}
}

/**
 * A percentile of a histogram, in seconds: the requests of a bucket are taken to be spread evenly over it. What took
 * longer than the last bucket counts as that. Undefined without requests.
 */
export function percentile(cumulative: readonly number[], requests: number, share: number): number | undefined {
  if (requests === 0) return undefined
  const rank = share * requests
  const index = cumulative.findIndex((count) => count >= rank)
  const upper = EDGE_BUCKETS[index]
  if (upper === undefined) return EDGE_BUCKETS.at(-1)
  const [lower, below] = [EDGE_BUCKETS[index - 1] ?? 0, cumulative[index - 1] ?? 0]
  const inside = (cumulative[index] ?? 0) - below
  return inside === 0 ? upper : lower + ((upper - lower) * (rank - below)) / inside
}

/** How many requests of a histogram took longer, with the same assumption. */
export function slowerThan(seconds: number, {buckets, requests}: Pick<Measure, 'buckets' | 'requests'>): number {
  const index = EDGE_BUCKETS.findIndex((bound) => bound > seconds)
  const upper = EDGE_BUCKETS[index]
  if (upper === undefined) return requests - (buckets.at(-1) ?? 0)
  const [lower, below] = [EDGE_BUCKETS[index - 1] ?? 0, buckets[index - 1] ?? 0]
  const inside = (buckets[index] ?? 0) - below
  return requests - below - (inside * (seconds - lower)) / (upper - lower)
}

function sumOf(stats: readonly EdgeVersionStats[], service: string, version: string): Counters {
  const entries = stats.filter((entry) => entry.service === service && entry.version === version)
  const sum = (read: (entry: EdgeVersionStats) => number) => entries.reduce((total, entry) => total + read(entry), 0)
  return {
    requests: sum(({requests}) => requests),
    errors: sum(({classes}) => (classes[0] ?? 0) + (classes[5] ?? 0)),
    seconds: sum(({seconds}) => seconds),
    buckets: EDGE_BUCKETS.map((_, index) => sum(({buckets}) => buckets[index] ?? 0)),
  }
}

/** Counters that are less than before started from zero meanwhile. */
function since(now: Counters, before: Counters): Counters {
  if (now.requests < before.requests) return now
  return {
    requests: now.requests - before.requests,
    errors: Math.max(0, now.errors - before.errors),
    seconds: Math.max(0, now.seconds - before.seconds),
    buckets: now.buckets.map((count, index) => Math.max(0, count - (before.buckets[index] ?? 0))),
  }
}
