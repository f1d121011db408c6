import type {Service, ServingPlan, ServingSpec} from '@omni-cli/sdk'
import type {BaseCommand, View} from '@omni-cli/sdk/cli'
import {actView} from '../apps/service-view.ts'
import {openServing} from './facet.ts'
import {plainLines, servingPlanLines, servingPlanView} from './plan-view.ts'

export interface DeployModelOptions {
  readonly dryRun: boolean
  readonly yes: boolean
  readonly wait: boolean
  readonly timeoutMs: number | undefined
}

/**
 * A plan first; then the deploy, which ends when the service was seen ready. Asks when the service exists already and would change,
 * or when something is in the way.
 */
export async function deployModel(
  command: BaseCommand,
  spec: ServingSpec,
  options: DeployModelOptions,
): Promise<View | undefined> {
  const serving = await openServing(await command.session())
  const {signal} = command
  const plan = await serving.plan(spec, {signal})
  if (options.dryRun) return servingPlanView(spec.name, plan)
  command.notice(plainLines(servingPlanLines(spec.name, plan)))
  if (needsConsent(plan) && !(await command.confirm(`${plan.action} ${spec.name}?`, options))) {
    command.notice('nothing was changed')
    return undefined
  }
  const progress = await command.progress()
  const service = await progress.step(`deploy ${spec.name}`, (step) =>
    serving.deploy(spec, {...waiting(options), signal, onProgress: (note) => step.note(note)}),
  )
  return deployedView(service, options.wait)
}

const needsConsent = ({action, obstacles}: ServingPlan): boolean => action === 'update' || obstacles.length > 0

export const waiting = ({wait, timeoutMs}: Pick<DeployModelOptions, 'wait' | 'timeoutMs'>) => ({wait, timeoutMs})

/** What was promised is said: that it serves, or that it was asked for. */
export const deployedView = (service: Service, waited: boolean): View<Service> | View =>
  actView([service], waited ? `serves ${service.serving?.model ?? 'its model'}` : 'was accepted; it is not waited for')
