import {OmniError, type Service} from '@omni-cli/sdk'
import type {BaseCommand, View} from '@omni-cli/sdk/cli'
import {requireService} from '../apps/act.ts'
import {actView} from '../apps/service-view.ts'
import {serviceTarget} from '../apps/target.ts'
import {openServing} from './facet.ts'

/** Fewest and most replicas of a served model. USAGE with a fixed number beside them, UNSUPPORTED for an application. */
export async function resizeModel(
  command: BaseCommand,
  words: readonly string[],
  {
    min,
    max,
    replicas,
  }: {readonly min?: number | undefined; readonly max?: number | undefined; readonly replicas?: number | undefined},
): Promise<View<Service> | View> {
  if (replicas !== undefined) throw new OmniError('USAGE', 'either --replicas, or --min and --max')
  const name = serviceTarget(words)
  const session = await command.session()
  const {signal} = command
  const service = await requireService(await session.open('service'), name, {signal})
  if (service.serving === undefined) {
    throw new OmniError('UNSUPPORTED', `'${name}' serves no model: its file says how it scales`, {
      hint: `omni scale ${name} --replicas N`,
    })
  }
  const serving = await openServing(session)
  const progress = await command.progress()
  const changed = await progress.step(`scale ${name}`, (step) =>
    serving.update(name, {minReplicas: min, maxReplicas: max}, {signal, onProgress: (note) => step.note(note)}),
  )
  return actView([changed], `has ${changed.runningReplicas} ready replicas`)
}
