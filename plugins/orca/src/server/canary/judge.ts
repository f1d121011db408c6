import {formatDuration} from '@omni-cli/sdk'
import {type Measure, slowerThan} from './measure.ts'

/** What a verdict follows from. */
export interface CanaryFacts {
  readonly stable: Measure
  readonly canary: Measure
  readonly ageSecs: number
  readonly rules: CanaryRules
  /** Why its replicas cannot be kept alive. */
  readonly failure?: string | undefined
}

export interface CanaryRules {
  readonly after_secs: number
  readonly min_requests: number
  readonly max_error_rate: number
  readonly max_latency_ratio: number
}

export interface Judgement {
  readonly kind: 'wait' | 'promote' | 'abort'
  /** In words and figures. */
  readonly reason: string
}

/** So few bad answers tell nothing, whatever their share. */
const MIN_BAD = 3
/** Share of the requests that may take longer than the 95th percentile. */
const TAIL = 0.05
/** Below this a percentile is noise. */
const LATENCY_FLOOR_SECONDS = 0.005
/** 95 % confidence, one-sided. */
const Z = 1.645

/**
 * Whether a canary is good. It is aborted as soon as it is certain that it is worse: its replicas cannot be kept alive, it
 * fails more often or answers more slowly, both at 95 % confidence. It is promoted when it has been
 * measured long enough and nothing speaks against it. Everything else is waited for.
 */
export function judge(facts: CanaryFacts): Judgement {
  const {stable, canary, rules, failure, ageSecs} = facts
  if (failure !== undefined) return {kind: 'abort', reason: `it cannot be kept alive: ${failure}`}
  const errors = errorText(canary, stable)
  const isFailing = canary.errors >= MIN_BAD && errorExcess(canary, stable) > rules.max_error_rate
  if (isFailing) return {kind: 'abort', reason: `too many errors: ${errors}`}
  if (canary.requests < rules.min_requests) {
    return {kind: 'wait', reason: `${canary.requests} of ${rules.min_requests} requests that a verdict needs`}
  }
  const latency = latencyText(canary, stable)
  const slowness = slownessOf(facts)
  if (slowness === 'certain') return {kind: 'abort', reason: `too slow: ${latency}`}
  const left = rules.after_secs - ageSecs
  if (left > 0)
    return {kind: 'wait', reason: `measured for another ${formatDuration(Math.ceil(left) * 1000)}: ${errors}`}
  if (rateOf(canary) - rateOf(stable) > rules.max_error_rate) {
    return {kind: 'wait', reason: `more requests are needed to tell whether it is worse: ${errors}`}
  }
  if (slowness === 'possible') {
    return {kind: 'wait', reason: `more requests are needed to tell whether it is slower: ${latency}`}
  }
  return {kind: 'promote', reason: `${errors}; ${latency}`}
}

/**
 * How much more often the canary fails than the stable version, at least, at 95 % confidence: Newcombe's lower bound of
 * the difference of two shares, made of their Wilson intervals. Without stable requests the canary stands for itself.
 */
export function errorExcess(canary: Measure, stable: Measure): number {
  const difference = rateOf(canary) - rateOf(stable)
  const below = rateOf(canary) - wilson(canary, -1)
  const above = stable.requests === 0 ? 0 : wilson(stable, 1) - rateOf(stable)
  return difference - Math.hypot(below, above)
}

/** Bound of Wilson's interval of the share of errors: the lower one for -1, the upper one for 1. */
function wilson({errors, requests}: Pick<Measure, 'errors' | 'requests'>, side: -1 | 1): number {
  if (requests === 0) return side === 1 ? 1 : 0
  const rate = errors / requests
  const spread = Z * Math.sqrt((rate * (1 - rate)) / requests + (Z / (2 * requests)) ** 2)
  return (rate + Z ** 2 / (2 * requests) + side * spread) / (1 + Z ** 2 / requests)
}

/**
 * Whether the canary's 95th percentile is above what is allowed: certain when it is so at 95 % confidence, that is when
 * the lower bound of the share of requests that took longer is above 5 %. The times come from a histogram with wide
 * buckets: answers a hair above a bound look twice as slow as those below it. So the mean, which is exact, has to have
 * gone up as well, by half as much.
 */
function slownessOf({canary, stable, rules}: CanaryFacts): 'no' | 'possible' | 'certain' {
  if (stable.requests < rules.min_requests || canary.p95Seconds === undefined || stable.p95Seconds === undefined) {
    return 'no'
  }
  const allowed = Math.max(stable.p95Seconds, LATENCY_FLOOR_SECONDS) * rules.max_latency_ratio
  const [mean, stableMean] = [canary.meanSeconds ?? 0, stable.meanSeconds ?? 0]
  if (canary.p95Seconds <= allowed || mean <= stableMean * (1 + (rules.max_latency_ratio - 1) / 2)) return 'no'
  const slow = slowerThan(allowed, canary)
  const isCertain = slow >= MIN_BAD && wilson({errors: slow, requests: canary.requests}, -1) > TAIL
  return isCertain ? 'certain' : 'possible'
}

const rateOf = ({errors, requests}: Measure): number => (requests === 0 ? 0 : errors / requests)

const errorText = (canary: Measure, stable: Measure): string => {
  const own = `${canary.errors} of ${canary.requests} requests failed (${percent(rateOf(canary))})`
  return stable.requests === 0 ? own : `${own}, of the stable version ${percent(rateOf(stable))}`
}

function latencyText(canary: Measure, stable: Measure): string {
  const own = `95 % within ${milliseconds(canary.p95Seconds)}`
  return stable.p95Seconds === undefined ? own : `${own}, of the stable version ${milliseconds(stable.p95Seconds)}`
}

const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`

const milliseconds = (seconds: number | undefined): string =>
  seconds === undefined ? '?' : `${seconds < 0.01 ? Math.round(seconds * 10_000) / 10 : Math.round(seconds * 1000)} ms`
