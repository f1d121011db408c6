import type {Progress, Session, TextLine, View} from '@omni-cli/sdk/cli'
import type {Drivers, Manifest, Operation, Plan} from '@omni-cli/sdk/engine'
import {declaredServices} from './declared.ts'
import {applyLane, finishedLane, isObjectsOnly} from './objects/apply-lane.ts'
import {joinedPlan, joinedResult, type ObjectLane, planLane} from './objects/lane.ts'
import {planLines, planView, resultView, warningText} from './plan-view.ts'
import {type PreparedPlan, preparePlan} from './prepare.ts'
import {locked, runPlan} from './run.ts'
import type {PackedManifest} from './sources.ts'

export interface ApplyManifestOptions {
  readonly prune: boolean
  readonly dryRun: boolean
  /** Take over machines, profiles and networks that were not made by this plan. */
  readonly adopt?: boolean | undefined
  /** Take over fields of objects that another field manager has set. */
  readonly forceConflicts?: boolean | undefined
  /** Keep a copy of a machine before its disk is given up. Default true. */
  readonly keepsCopies?: boolean | undefined
  /** Operations at once. */
  readonly concurrency?: number | undefined
  readonly signal: AbortSignal
  readonly progress: () => Promise<Progress>
  /** Remarks, e.g. what was not looked at. */
  readonly notice?: ((text: string) => void) | undefined
  /** Asked when something would be removed, rebuilt or replaced; ABORTED or false ends without any change. */
  readonly approve: (plan: readonly TextLine[]) => Promise<boolean>
}

/**
 * Makes what the manifest says: packs sources, plans, and carries the plan out under the lock of the context, Kubernetes objects
 * first. Machines and objects that are as wanted cost one look, without the lock.
 */
export async function applyManifest(
  session: Session,
  manifest: Manifest,
  options: ApplyManifestOptions,
): Promise<View> {
  const lane = await planLane(session, manifest, options)
  for (const warning of lane?.warnings ?? []) options.notice?.(warningText(warning))
  if (lane !== undefined && isObjectsOnly(session, manifest, options)) return applyLane(session, lane, options)
  const {packSources} = await import('./sources.ts')
  const {prune, dryRun, adopt, signal} = options
  await using packed = await packSources(manifest, {home: session.home, signal})
  const prepare = (wake?: boolean) => preparePlan(session, packed.manifest, {prune, adopt, signal, wake})
  if (dryRun) return planView(joinedPlan(lane, withLosses(await prepare(), options)))
  const hasServices = manifest.resources.some(({kind}) => kind === 'service')
  if (!prune && !hasServices && lane?.steps.every(({operation}) => operation.action === 'keep') !== false) {
    const {operations} = joinedPlan(lane, (await prepare()).plan)
    if (operations.every(({action}) => action === 'keep')) {
      return resultView({done: [], failed: [], skipped: [], kept: operations.map(({ref}) => ref)})
    }
  }
  // Awaited here: the archives are gone when this function returns.
  return await locked(session, 'omni apply', async () =>
    carryOut(session, {packed, prepared: await prepare(true), lane}, options),
  )
}

interface Work {
  readonly packed: PackedManifest
  readonly prepared: PreparedPlan
  readonly lane: ObjectLane | undefined
}

async function carryOut(
  session: Session,
  {packed, prepared, lane}: Work,
  options: ApplyManifestOptions,
): Promise<View> {
  const {drivers} = prepared
  const [{noteMade, refuseLeft}, {refuseSplit}] = await Promise.all([
    import('../machines/failover-left.ts'),
    import('../machines/failover-split.ts'),
  ])
  const {signal, keepsCopies, concurrency, progress} = options
  const plan = withLosses(prepared, options)
  for (const note of prepared.plan.notes) options.notice?.(`note: ${note}`)
  const creates = machinesOf(plan, (action) => action === 'create')
  if (drivers.instance !== undefined) {
    await refuseSplit(
      session,
      drivers.instance,
      machinesOf(plan, (action) => action !== 'keep'),
      {signal},
    )
    await refuseLeft(session, drivers.instance, {specs: instancesOf(packed.manifest), creates}, {signal})
  }
  const whole = joinedPlan(lane, plan)
  if (whole.operations.some(isDestructive) && !(await options.approve(planLines(whole)))) {
    return planView({...whole, notes: [...whole.notes, 'nothing was done']})
  }
  if (drivers.instance !== undefined) await noteMade(session, drivers.instance, creates)
  await drivers.service?.beforeDeploy?.(declaredServices(packed.manifest), {signal})
  const {resultData} = await import('@omni-cli/sdk/engine')
  const objects = lane === undefined ? undefined : await finishedLane(lane, options)
  const result = await runPlan(session, prepared, {
    signal,
    progress,
    keepsCopies,
    concurrency,
    prepare: async (wanted, call) => {
      if (drivers.service !== undefined) await packed.upload(drivers.service, wanted, call)
    },
  })
  return resultView(resultData(objects === undefined ? result : joinedResult(objects, result)))
}

const machinesOf = ({operations}: Plan, isMeant: (action: Operation['action']) => boolean): string[] =>
  operations.flatMap(({ref, action}) =>
    ref.startsWith('instance/') && isMeant(action) ? [ref.slice('instance/'.length)] : [],
  )

const instancesOf = ({resources}: Manifest) => resources.flatMap((one) => (one.kind === 'instance' ? [one.spec] : []))

const losesDisk = ({ref, action}: Operation) =>
  ref.startsWith('instance/') && (action === 'rebuild' || action === 'replace')

const isDestructive = (operation: Operation) =>
  operation.action === 'remove' || operation.action === 'replace' || losesDisk(operation)

/** The plan, with what becomes of the disks that are given up. */
function withLosses(
  {plan, drivers}: {readonly plan: Plan; readonly drivers: Drivers},
  {keepsCopies}: Pick<ApplyManifestOptions, 'keepsCopies'>,
): Plan {
  const names = plan.operations.filter(losesDisk).map(({ref}) => ref.slice('instance/'.length))
  if (names.length === 0) return plan
  const list = names.join(', ')
  const note =
    keepsCopies === false
      ? `no copy is kept: what is on the disk of ${list} is lost`
      : drivers.instance?.copies === undefined
        ? `'${drivers.instance?.name ?? ''}' cannot keep copies: what is on the disk of ${list} is lost`
        : `a copy is kept first, as NAME-before-TIME: ${list}`
  return {...plan, notes: [...plan.notes, note]}
}
