import type {Instance, InstanceStatus} from '@omni-cli/sdk'

/** Label of the plan that owns a machine; the planner's own name for it loads the planner. */
export const OWNER_LABEL = 'omni.plan'

/** What should be of a machine. `any`: nobody told, what it does is right unless it is broken. */
export type Wanted = 'running' | 'stopped' | 'any'

export interface Readiness {
  readonly state: 'ready' | 'not-ready' | 'unknown'
  /** What it is waiting for: `cloud-init`, `port 80`. */
  readonly stage?: string | undefined
  readonly seen?: string | undefined
}

/**
 * A machine should run when the plan at hand names it, or when some plan owns it and it is started with its host. What
 * `omni stop` stopped should stay so, until `omni start`.
 */
export function wantedOf(
  instance: Pick<Instance, 'labels' | 'settings'> | undefined,
  {isInPlan, stoppedOnPurpose}: {readonly isInPlan: boolean; readonly stoppedOnPurpose: boolean},
): Wanted {
  if (stoppedOnPurpose && instance !== undefined) return 'stopped'
  if (isInPlan) return 'running'
  const isOwned = instance?.labels[OWNER_LABEL] !== undefined
  return isOwned && instance?.settings?.autostart !== false ? 'running' : 'any'
}

/** Why a machine is not as it should be. */
export function reasonOf(status: InstanceStatus | 'absent', wanted: Wanted, readiness: Readiness): string | undefined {
  if (status === 'absent') return 'the plan names it, but it is not there'
  if (status === 'error') return 'it is in an error state'
  if (wanted !== 'running') return undefined
  if (status !== 'running') return `it is ${status}, but should run`
  if (readiness.state !== 'not-ready') return undefined
  return `it is not ready: ${readiness.stage}${readiness.seen === undefined ? '' : `: ${readiness.seen}`}`
}
