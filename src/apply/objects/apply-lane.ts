import type {Session, View} from '@omni-cli/sdk/cli'
import type {ApplyResult, Manifest} from '@omni-cli/sdk/engine'
import type {ApplyManifestOptions} from '../apply-manifest.ts'
import {planLines, planView, resultView} from '../plan-view.ts'
import {refuseProtectedContext} from '../protected-context.ts'
import {locked} from '../run.ts'
import {joinedPlan, laneOperations, type ObjectLane, runLane} from './lane.ts'

/** Nothing but objects is in the files, and nothing else may be left over of them. */
export function isObjectsOnly(
  session: Session,
  {resources}: Manifest,
  {prune}: Pick<ApplyManifestOptions, 'prune'>,
): boolean {
  // In a context with a cluster, services are objects of it, too, and left to their own plans.
  return resources.length === 0 && (!prune || session.context.cluster !== undefined)
}

/** Applies a plan that has nothing but objects; without a change, nothing is locked. */
export async function applyLane(session: Session, lane: ObjectLane, options: ApplyManifestOptions): Promise<View> {
  const plan = joinedPlan(lane, undefined)
  if (options.dryRun) return planView(plan)
  for (const note of plan.notes) options.notice?.(`note: ${note}`)
  const operations = laneOperations(lane)
  if (operations.every(({action}) => action === 'keep')) {
    return resultView({done: [], failed: [], skipped: [], kept: operations.map(({ref}) => ref)})
  }
  refuseProtectedContext(session)
  if (lane.leftovers.length > 0 && !(await options.approve(planLines(plan)))) {
    return planView({...plan, notes: [...plan.notes, 'nothing was done']})
  }
  return locked(session, 'omni apply', async () => {
    const result = await finishedLane(lane, options)
    const {resultData} = await import('../manifest-engine.ts')
    return resultView(resultData(result))
  })
}

/** Rejects when something failed, after everything that could be done is done. */
export async function finishedLane(lane: ObjectLane, options: ApplyManifestOptions): Promise<ApplyResult> {
  const {applyError} = await import('../manifest-engine.ts')
  const result = await runLane(lane, options)
  const error = applyError(result)
  if (error !== undefined) throw error
  return result
}
