import type {Session, View} from '@omni-cli/sdk/cli'
import type {Drivers, Manifest, Operation, Plan} from '@omni-cli/sdk/engine'
import type {ApplyManifestOptions} from './apply-manifest.ts'
import {declaredServices} from './declared.ts'
import {finishedLane} from './objects/apply-lane.ts'
import {joinedPlan, joinedResult, type ObjectLane} from './objects/lane.ts'
import {planLines, planView, resultView} from './plan-view.ts'
import {type PreparedPlan, preparePlan} from './prepare.ts'
import {locked, runPlan} from './run.ts'
import {type PackedManifest, packSources} from './sources.ts'

/** What the files say, and the plan of their objects. */
interface Wish {
  readonly manifest: Manifest
  readonly lane: ObjectLane | undefined
}

/** Applies services and machines, Kubernetes objects of the same files before them. */
export async function applyAll(session: Session, {manifest, lane}: Wish, options: ApplyManifestOptions): Promise<View> {
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
