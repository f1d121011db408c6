import {OmniError, sleep} from '@omni-cli/sdk'
import type {Attempt} from './attempt.ts'
import type {Probe} from './probe-plan.ts'

export interface GateTiming {
  /** First wait between two attempts while starting; grows to the last. */
  readonly firstPollMs: number
  readonly lastPollMs: number
  /** How long a service without any probe must stay alive to count as started. */
  readonly aliveMs: number
  /** The same for one that nobody has seen working yet. */
  readonly trialMs: number
  /** How long a new version whose spec says no probe must go on listening after its first answer. */
  readonly steadyMs: number
}

export interface GateOptions {
  /** How long it must stay alive when there are no probes. */
  readonly aliveMs: number
  /** How long the probes must go on passing; 0 = once is enough. */
  readonly steadyMs: number
  readonly attempt: Attempt
  readonly timing: GateTiming
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/**
 * Resolves when the probes passed one after the other; asked at short intervals, so that a fast start is seen at once.
 * TIMEOUT with the last reason when the time is over; ABORTED.
 */
export async function passGate(gate: readonly Probe[], options: GateOptions): Promise<void> {
  const {timeoutMs, signal, steadyMs, aliveMs} = options
  const until = performance.now() + timeoutMs
  if (gate.length === 0) await sleep(aliveMs, signal)
  for (const probe of gate) await passProbe(probe, until, options)
  if (steadyMs === 0 || gate.length === 0) return
  await sleep(steadyMs, signal)
  for (const probe of gate) await passProbe({...probe, initialDelayMs: 0}, until, options)
}

async function passProbe(probe: Probe, until: number, {attempt, timing, signal}: GateOptions): Promise<void> {
  if (probe.initialDelayMs > 0) await sleep(probe.initialDelayMs, signal)
  for (let waitMs = timing.firstPollMs; ; waitMs = Math.min(timing.lastPollMs, waitMs * 1.5)) {
    const left = Math.max(1, until - performance.now())
    const problem = await attempt({...probe, timeoutMs: Math.min(probe.timeoutMs, left)}, signal)
    if (problem === undefined) return
    if (performance.now() + waitMs >= until) {
      throw new OmniError('TIMEOUT', `not ready in time: ${problem}`)
    }
    await sleep(waitMs, signal)
  }
}
