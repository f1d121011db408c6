import {type ExitInfo, isOmniError, messageOf, OmniError, type ServiceFailure} from '@omni-cli/sdk'

export type FailureReason =
  | 'CrashLoopBackOff'
  | 'StartFailed'
  | 'NotReady'
  | 'BuildFailed'
  | 'ImagePullError'
  | 'LivenessFailed'
  | 'OOMKilled'
  | 'RunFailed'
  | 'RuntimeUnavailable'
  | 'CanaryAborted'
  | 'Interrupted'

export interface FailureFacts {
  readonly message: string
  readonly exit?: ExitInfo | undefined
  readonly restarts?: number | undefined
  readonly lastLines?: readonly string[] | undefined
}

/** A failure of now. */
export const failureOf = (reason: FailureReason, facts: FailureFacts): ServiceFailure => ({
  reason,
  message: facts.message,
  ...(facts.exit === undefined ? {} : {exit: facts.exit}),
  restarts: facts.restarts ?? 0,
  at: new Date().toISOString(),
  lastLines: (facts.lastLines ?? []).slice(-20),
})

/** The failure that an error carries in its details; else one made of its message. */
export function failureFrom(error: unknown, reason: FailureReason): ServiceFailure {
  const details = isOmniError(error) ? error.details : undefined
  return isFailure(details) ? details : failureOf(reason, {message: messageOf(error)})
}

/** DEPLOY_FAILED about a service. */
export const deployFailed = (service: string, failure: ServiceFailure, cause?: unknown): OmniError =>
  new OmniError('DEPLOY_FAILED', `'${service}' did not become ready: ${failure.message}`, {
    hint: `omni logs ${service}`,
    details: failure,
    cause,
  })

/** `exited with code 1`, `was killed by SIGKILL`. */
export function exitText(exit: ExitInfo | undefined): string {
  if (exit?.oomKilled === true) return 'was killed: it used more memory than its limit'
  if (exit?.signal !== undefined) return `was killed by ${exit.signal}`
  return exit?.code === undefined ? 'ended' : `exited with code ${exit.code}`
}

const isFailure = (value: unknown): value is ServiceFailure =>
  typeof value === 'object' && value !== null && 'reason' in value && 'lastLines' in value
