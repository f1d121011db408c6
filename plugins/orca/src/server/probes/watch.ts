import type {Attempt} from './attempt.ts'
import type {GateTiming} from './gate.ts'
import type {Probe} from './probe-plan.ts'

export interface Watch {
  /** Asks now; a failure counts as if the threshold were reached. For evidence from elsewhere. */
  doubt(): void
  stop(): void
}

export interface WatchOptions {
  readonly attempt: Attempt
  readonly timing: GateTiming
  /** Called when the verdict changes; it begins as passing. */
  readonly onChange: (passes: boolean, problem: string) => void
}

/**
 * Asks a ready replica again and again, one question at a time. After the threshold of failures in a row it fails; one
 * pass makes it good again, and as long as it fails it is asked at the short intervals of a start.
 */
export function watchProbe(probe: Probe, {attempt, timing, onChange}: WatchOptions): Watch {
  const abort = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let failures = 0
  let passes = true
  let isAsking = false

  const plan = () => {
    if (abort.signal.aborted) return
    clearTimeout(timer)
    timer = setTimeout(ask, passes ? jittered(probe.intervalMs) : Math.min(timing.lastPollMs, probe.intervalMs))
  }
  const note = (problem: string | undefined) => {
    failures = problem === undefined ? 0 : failures + 1
    const verdict = passes ? failures < probe.failureThreshold : failures === 0
    if (verdict === passes) return
    passes = verdict
    onChange(passes, problem ?? '')
  }
  const ask = async () => {
    if (isAsking) return
    isAsking = true
    const problem = await attempt(probe, abort.signal)
    isAsking = false
    if (abort.signal.aborted) return
    note(problem)
    plan()
  }

  timer = setTimeout(ask, Math.max(probe.initialDelayMs, jittered(probe.intervalMs)))
  return {
    doubt() {
      if (abort.signal.aborted || isAsking || !passes) return
      failures = Math.max(failures, probe.failureThreshold - 1)
      clearTimeout(timer)
      void ask()
    },
    stop() {
      abort.abort()
      clearTimeout(timer)
    },
  }
}

/** Spread, so that the probes of many replicas do not fall into step. An interval of 0 would be a busy loop. */
const jittered = (ms: number): number => Math.max(10, ms * (0.95 + Math.random() * 0.1))
