import type {ExitInfo} from '@omni-cli/sdk'

export interface RestartTiming {
  readonly backoffBaseMs: number
  readonly backoffMaxMs: number
  /** A run this long is a good one: counting starts anew after it. */
  readonly goodRunMs: number
  /** A deploy fails after this many crashes of one replica during its start. */
  readonly startCrashes: number
}

export interface Crash {
  /** Crashes in a row before this one. */
  readonly crashes: number
  readonly exit: ExitInfo | undefined
  /** `restart_policy` of the spec. */
  readonly policy: string | undefined
  /** It was started by a deploy and has not been ready yet. */
  readonly isTrial: boolean
  /** It did not end by itself but was not ready in time. */
  readonly isTimeout: boolean
}

export type AfterCrash = {readonly kind: 'give-up' | 'stay'} | {readonly kind: 'restart'; readonly delayMs: number}

/** What to do about a replica that has ended. */
export function afterCrash(crash: Crash, timing: RestartTiming): AfterCrash {
  const {crashes, exit, policy, isTrial, isTimeout} = crash
  if (isTrial && (isTimeout || crashes + 1 >= timing.startCrashes)) return {kind: 'give-up'}
  if (exit !== undefined && !isRestarted(policy, exit)) return {kind: isTrial ? 'give-up' : 'stay'}
  return {kind: 'restart', delayMs: restartDelayMs(crashes, timing)}
}

/** The first restart is immediate, then base, 2·base, … up to the maximum. */
export function restartDelayMs(crashes: number, timing: RestartTiming): number {
  return crashes === 0 ? 0 : Math.min(timing.backoffMaxMs, timing.backoffBaseMs * 2 ** (crashes - 1))
}

/** Services run until they are stopped; only a policy of the spec says otherwise (words of compose files). */
function isRestarted(policy: string | undefined, exit: ExitInfo): boolean {
  if (policy === 'no' || policy === 'never') return false
  return !(policy?.startsWith('on-failure') && exit.code === 0)
}
