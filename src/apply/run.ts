import type {CallOptions} from '@omni-cli/sdk'
import type {Progress, Session, Step} from '@omni-cli/sdk/cli'
import type {ApplyEvent, ApplyResult, Wanted} from '@omni-cli/sdk/engine'
import type {PreparedPlan} from './prepare.ts'
import {refuseProtectedContext} from './protected-context.ts'
import {trackUnready} from './unready.ts'

export interface RunOptions {
  readonly signal: AbortSignal
  readonly progress: () => Promise<Progress>
  readonly keepsCopies?: boolean | undefined
  readonly concurrency?: number | undefined
  readonly prepare?: ((wanted: Wanted, options: CallOptions) => Promise<void>) | undefined
}

/** Does the work while no other command changes things in this context. LOCKED names who does; FORBIDDEN where it is protected. */
export async function locked<T>(session: Session, command: string, work: () => Promise<T>): Promise<T> {
  refuseProtectedContext(session)
  const {withLock} = await import('@omni-cli/sdk/engine')
  return withLock({home: session.home, name: session.context.name, command}, work)
}

/**
 * Carries a plan out, showing a step an operation. Rejects when something failed, after everything that could be done
 * is done: see `applyError`.
 */
export async function runPlan(
  session: Session,
  {plan, drivers}: PreparedPlan,
  options: RunOptions,
): Promise<ApplyResult> {
  const {applyError, applyPlan} = await import('@omni-cli/sdk/engine')
  const {progress, ...rest} = options
  const unready = await trackUnready(session, plan)
  const onEvent = showEvents(await progress())
  const result = await applyPlan(plan, drivers, {...rest, onEvent})
  await unready.settle(result)
  const error = applyError(result)
  if (error !== undefined) throw error
  return result
}

/** Events of an apply → steps of a progress display. */
export function showEvents(progress: Progress): (event: ApplyEvent) => void {
  const steps = new Map<string, Step>()
  const stepOf = ({id, action, ref}: {id: string; action: string; ref: string}) => {
    const step = steps.get(id) ?? progress.start(`${action} ${ref}`)
    steps.set(id, step)
    return step
  }
  return (event) => {
    switch (event.type) {
      case 'started':
        stepOf(event.operation)
        return
      case 'progress':
        return stepOf(event.operation).note(event.note)
      case 'done':
        return stepOf(event.operation).done()
      case 'failed':
        return stepOf(event.operation).fail(event.error.message)
      case 'skipped':
        return stepOf(event.operation).skip(event.reason)
      case 'planned':
      case 'summary':
        return
      default:
        event satisfies never
    }
  }
}
