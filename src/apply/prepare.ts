import {type CallOptions, isOmniError, type ProviderKinds} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import type {Drivers, FoundProblem, Manifest, Operation, Plan, SideKind} from '@omni-cli/sdk/engine'
import {refuseImpossible} from './refusals.ts'
import {readUnready} from './unready.ts'

/** A plan together with the drivers that will carry it out. */
export interface PreparedPlan {
  readonly plan: Plan
  readonly drivers: Drivers
}

export interface PrepareOptions extends CallOptions {
  readonly prune?: boolean | undefined
  /** Take over what was made by hand or by another plan. */
  readonly adopt?: boolean | undefined
  /** Start an engine of this machine that does not run. */
  readonly wake?: boolean | undefined
}

/**
 * Opens the drivers that the manifest touches, observes, asks what changes cost, and plans. Everything that the driver of
 * machines cannot honour is thrown as one error, unless nothing would change.
 */
export async function preparePlan(
  session: Session,
  manifest: Manifest,
  options: PrepareOptions,
): Promise<PreparedPlan> {
  const {askCosts, buildPlan, observe, traitsOf} = await import('@omni-cli/sdk/engine')
  const {prune, adopt, signal} = options
  const {drivers, notes} = await openDrivers(session, manifest, options)
  const sides = await sideKinds(manifest, drivers, prune === true)
  const unready = await readUnready(session)
  const planOptions = {prune, adopt, traits: traitsOf(drivers)}
  const brief = {...(await observe(drivers, {signal, sides, brief: true})), unready}
  const first = buildPlan(manifest, brief, {...planOptions, isProvisional: true})
  if (first.operations.every(({action}) => action === 'keep')) return {plan: withNotes(first, notes), drivers}
  // Of machines that change, more must be known.
  const observed = first.operations.some(changesMachine)
    ? {...(await observe(drivers, {signal, sides})), unready}
    : brief
  const costs = await askCosts(first, observed.instance ?? [], drivers.instance, {signal})
  const plan = buildPlan(manifest, observed, {...planOptions, costs})
  await refuseImpossible(manifest, plan, drivers.instance, {signal})
  return {plan: withNotes(plan, notes), drivers}
}

const withNotes = (plan: Plan, notes: readonly string[]): Plan => ({...plan, notes: [...plan.notes, ...notes]})

const changesMachine = ({ref, action}: Operation): boolean =>
  ref.startsWith('instance/') && !['keep', 'create', 'start'].includes(action)

const SIDES = ['network', 'profile'] as const satisfies readonly SideKind[]

interface OpenDrivers {
  readonly drivers: Drivers
  readonly notes: readonly string[]
}

/**
 * The drivers of what the files name. With `prune` a kind whose last thing was taken out of the files is looked at as well, as far
 * as its backend runs: if not, a note says so.
 */
async function openDrivers(session: Session, {resources}: Manifest, options: PrepareOptions): Promise<OpenDrivers> {
  const {prune, wake, signal} = options
  const has = (kinds: readonly string[]) => resources.some(({kind}) => kinds.includes(kind))
  const notes: string[] = []
  const extra = async <K extends 'service' | 'instance'>(kind: K): Promise<ProviderKinds[K] | undefined> => {
    if (prune !== true || !session.contributions.some((contribution) => contribution.kind === kind)) return undefined
    try {
      const driver = await session.open(kind)
      const health = await driver.check({signal})
      if (health.ok) return driver
      notes.push(`${kind}s were not looked at: ${health.message ?? 'their backend does not run'}`)
    } catch (error) {
      if (!isOmniError(error) || signal?.aborted === true) throw error
      notes.push(`${kind}s were not looked at: ${error.message}`)
    }
    return undefined
  }
  const [service, instance] = await Promise.all([
    has(['service']) ? session.open('service') : extra('service'),
    has(['instance', ...SIDES]) ? session.open('instance') : extra('instance'),
  ])
  if (service !== undefined) (await import('../up/refuse-sources.ts')).refuseSources({resources}, service)
  if (wake === true && has(['service'])) await service?.wake?.({signal})
  return {drivers: {service, instance}, notes}
}

/** Those the files name; with `prune` all that the driver has. UNSUPPORTED, with every place, for what it does not have. */
async function sideKinds(manifest: Manifest, {instance}: Drivers, prune: boolean): Promise<readonly SideKind[]> {
  const has = {network: instance?.networks !== undefined, profile: instance?.profiles !== undefined}
  const problems = manifest.resources.flatMap(({kind, name, origin}): FoundProblem[] => {
    if ((kind !== 'network' && kind !== 'profile') || has[kind]) return []
    const message = `${kind} '${name}': '${instance?.name ?? ''}' has no ${kind}s`
    return [{...origin, message, hint: 'omni provider list', code: 'UNSUPPORTED'}]
  })
  if (problems.length > 0) throw (await import('@omni-cli/sdk/engine')).problemsError(problems)
  return SIDES.filter((side) => has[side] && (prune || manifest.resources.some(({kind}) => kind === side)))
}
