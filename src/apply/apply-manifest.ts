import type {Progress, Session, TextLine, View} from '@omni-cli/sdk/cli'
import type {Manifest, Plan} from '@omni-cli/sdk/engine'
import {declaredServices} from './declared.ts'
import {planLines, planView, resultView} from './plan-view.ts'
import {preparePlan} from './prepare.ts'
import {locked, runPlan} from './run.ts'
import {packSources} from './sources.ts'

export interface ApplyManifestOptions {
  readonly prune: boolean
  readonly dryRun: boolean
  readonly signal: AbortSignal
  readonly progress: () => Promise<Progress>
  /** Asked when something would be removed or replaced; ABORTED or false ends without any change. */
  readonly approve: (plan: readonly TextLine[]) => Promise<boolean>
}

/** Makes what the manifest says: packs sources, plans, and carries the plan out under the lock of the context. */
export async function applyManifest(
  session: Session,
  manifest: Manifest,
  options: ApplyManifestOptions,
): Promise<View> {
  const {prune, dryRun, signal} = options
  await using packed = await packSources(manifest, {home: session.home, signal})
  if (dryRun) return planView((await preparePlan(session, packed.manifest, {prune, signal})).plan)
  // Awaited here: the archives are gone when this function returns.
  return await locked(session, 'omni apply', async () => {
    const prepared = await preparePlan(session, packed.manifest, {prune, signal, wake: true})
    const {plan, drivers} = prepared
    if (isDestructive(plan) && !(await options.approve(planLines(plan)))) {
      return planView({...plan, notes: [...plan.notes, 'nothing was done']})
    }
    await drivers.service?.beforeDeploy?.(declaredServices(manifest), {signal})
    const {resultData} = await import('@omni-cli/sdk/engine')
    const result = await runPlan(prepared, {
      signal,
      progress: options.progress,
      prepare: async (wanted, call) => {
        if (drivers.service !== undefined) await packed.upload(drivers.service, wanted, call)
      },
    })
    return resultView(resultData(result))
  })
}

const isDestructive = ({operations}: Plan) => operations.some(({action}) => action === 'remove' || action === 'replace')
