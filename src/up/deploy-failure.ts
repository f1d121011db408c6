import {isOmniError, messageOf, OmniError, type Service, type ServiceFailure} from '@omni-cli/sdk'
import {type ApplyResult, applyError, resultData} from '@omni-cli/sdk/engine'
import {failureText as reasonText} from '../apps/service-view.ts'

/**
 * What went wrong in an apply, for a person who has to mend it: reason, exit, last lines, and what serves now.
 * Undefined when nothing did.
 */
export function deployFailure(result: ApplyResult, services: readonly Service[]): OmniError | undefined {
  const plain = applyError(result)
  if (plain === undefined || result.failed.length === 0) return plain
  const failures = result.failed.map(({operation, error}) => failureText(operation.ref, error, services))
  const skipped = result.skipped.map(({operation, reason}) => `${operation.ref} was not touched: ${reason}`)
  const isDeploy =
    !result.isAborted && result.failed.every(({error}) => isOmniError(error) && error.code === 'DEPLOY_FAILED')
  const [first] = result.failed
  const name = first?.operation.ref.split('/')[1] ?? ''
  return new OmniError(isDeploy ? 'DEPLOY_FAILED' : plain.code, [...failures, ...skipped].join('\n'), {
    hint: isDeploy ? `omni logs ${name}` : plain.hint,
    details: {
      ...resultData(result),
      failures: result.failed.map(({operation, error}) => ({ref: operation.ref, failure: failureOf(error)})),
    },
    cause: first?.error,
  })
}

function failureText(ref: string, error: unknown, services: readonly Service[]): string {
  const failure = failureOf(error)
  if (failure === undefined) return `${ref}: ${messageOf(error)}`
  return [
    `${ref}: ${reasonText(failure)}`,
    ...failure.lastLines.map((line) => `│ ${line}`),
    servingText(services.find(({name}) => `service/${name}` === ref)),
  ].join('\n')
}

function servingText(service: Service | undefined): string {
  if (service?.release === undefined || service.runningReplicas === 0) return 'no version of it serves'
  return `release ${service.release} still serves with ${service.runningReplicas} of ${service.desiredReplicas} replicas`
}

/** The failure that an engine put into the details of DEPLOY_FAILED. */
function failureOf(error: unknown): ServiceFailure | undefined {
  const details: unknown = isOmniError(error) ? error.details : undefined
  if (typeof details !== 'object' || details === null) return undefined
  const isFailure =
    'reason' in details && 'message' in details && 'lastLines' in details && Array.isArray(details.lastLines)
  // Engines promise this shape; what came over a wire was checked there.
  return isFailure ? (details as ServiceFailure) : undefined
}
