import {messageOf, type ServiceSpec} from '@omni-cli/sdk'
import type {Runtime, RuntimeInstance} from '../../runtimes/runtime.ts'
import {createAttempt} from './attempt.ts'
import {type GateTiming, passGate} from './gate.ts'
import {planProbes} from './probe-plan.ts'
import {type Watch, watchProbe} from './watch.ts'

export interface WatchedInstance {
  readonly runtime: Pick<Runtime, 'exec'>
  readonly instance: RuntimeInstance
  readonly spec: ServiceSpec
  readonly timing: GateTiming
  /** It has been ready before: the gate is left out. */
  readonly isReady: boolean
  /** Nobody knows yet whether it works; one that has worked must be back quickly. */
  readonly isTrial: boolean
  /** What its start has taken: part of its time to become ready. */
  readonly startingMs: number
}

/** Called until the watch is stopped. */
export interface InstanceNews {
  readonly ready: () => void
  readonly notReadyInTime: (problem: string) => void
  readonly readiness: (passes: boolean, problem: string) => void
  readonly liveness: (passes: boolean, problem: string) => void
}

/** Follows one running instance: first through the gate, then with a probe each for readiness and liveness. */
export function watchInstance(watched: WatchedInstance, news: InstanceNews): Watch {
  const {runtime, instance, spec, timing, isReady, isTrial, startingMs} = watched
  const abort = new AbortController()
  const {signal} = abort
  const plan = planProbes(spec)
  const attempt = createAttempt(runtime, instance)
  const steadyMs = isTrial && plan.isGuess ? timing.steadyMs : 0
  const aliveMs = isTrial ? timing.trialMs : timing.aliveMs
  const wholeMs = (spec.deploy?.ready_timeout_secs ?? 60) * 1000
  // On a machine that starts things slowly the program still gets its chance.
  const timeoutMs = Math.max(wholeMs - startingMs, wholeMs / 2)
  let readiness: Watch | undefined
  let liveness: Watch | undefined

  const begin = () => {
    if (signal.aborted) return
    const watch = (probe: typeof plan.readiness, onChange: InstanceNews['readiness']) =>
      probe === undefined ? undefined : watchProbe(probe, {attempt, timing, onChange})
    readiness = watch(plan.readiness, news.readiness)
    liveness = watch(plan.liveness, news.liveness)
    news.ready()
  }
  if (isReady) begin()
  else {
    passGate(plan.gate, {attempt, timing, timeoutMs, steadyMs, aliveMs, signal}).then(begin, (error: unknown) => {
      if (!signal.aborted) news.notReadyInTime(messageOf(error))
    })
  }
  return {
    doubt: () => readiness?.doubt(),
    stop() {
      abort.abort()
      readiness?.stop()
      liveness?.stop()
    },
  }
}
