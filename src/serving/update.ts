import {OmniError, type ServingChange} from '@omni-cli/sdk'
import type {BaseCommand, View} from '@omni-cli/sdk/cli'
import {actView} from '../apps/service-view.ts'
import {type DeployModelOptions, waiting} from './deploy.ts'
import {openServing} from './facet.ts'
import {plainLines, servingPlanLines, servingPlanView} from './plan-view.ts'

/** Changes one served model: a plan first, then the change, which ends when it was seen ready with it. */
export async function updateModel(
  command: BaseCommand,
  {name, change}: {readonly name: string; readonly change: ServingChange},
  options: DeployModelOptions,
): Promise<View | undefined> {
  refuseNothing(change)
  const serving = await openServing(await command.session())
  const {signal} = command
  const plan = await serving.planUpdate(name, change, {signal})
  if (options.dryRun) return servingPlanView(name, plan)
  command.notice(plainLines(servingPlanLines(name, plan)))
  const isAsked = plan.action !== 'keep' && (plan.obstacles.length > 0 || plan.warnings.length > 0)
  if (isAsked && !(await command.confirm(`update ${name}?`, options))) {
    command.notice('nothing was changed')
    return undefined
  }
  const progress = await command.progress()
  const service = await progress.step(`update ${name}`, (step) =>
    serving.update(name, change, {...waiting(options), signal, onProgress: (note) => step.note(note)}),
  )
  return actView([service], plan.action === 'keep' ? 'is as it should be' : 'has the change')
}

export function refuseNothing(change: ServingChange): void {
  if (Object.values(change).some((value) => value !== undefined && !(Array.isArray(value) && value.length === 0)))
    return
  throw new OmniError('USAGE', 'what is to change? --model, --runtime, --set, --rollout, …', {
    hint: 'omni update service NAME --model MODEL',
  })
}
