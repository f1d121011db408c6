import type {CallOptions} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import type {Drivers, FoundProblem, Manifest, Plan, SideKind} from '@omni-cli/sdk/engine'
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
  const drivers = await openDrivers(session, manifest, prune === true)
  const sides = await sideKinds(manifest, drivers, prune === true)
  if (options.wake === true) await drivers.service?.wake?.({signal})
  const seen = await observe(drivers, {signal, sides})
  const observed = {...seen, unready: await readUnready(session)}
  const planOptions = {prune, adopt, traits: traitsOf(drivers)}
  const isProvisional = drivers.instance?.changeKinds !== undefined
  const first = buildPlan(manifest, observed, {...planOptions, isProvisional})
  const costs = await askCosts(first, seen.instance ?? [], drivers.instance, {signal})
  const plan = isProvisional ? buildPlan(manifest, observed, {...planOptions, costs}) : first
  await refuseImpossible(manifest, plan, drivers.instance, {signal})
  return {plan, drivers}
}

const SIDES = ['network', 'profile'] as const satisfies readonly SideKind[]

/** With `prune`, a kind whose last thing was taken out of the file is looked at as well. */
async function openDrivers(session: Session, {resources}: Manifest, prune: boolean): Promise<Drivers> {
  const needs = (kind: 'service' | 'instance', kinds: readonly string[]) =>
    resources.some((resource) => kinds.includes(resource.kind)) ||
    (prune && session.contributions.some((contribution) => contribution.kind === kind))
  const [service, instance] = await Promise.all([
    needs('service', ['service']) ? session.open('service') : undefined,
    needs('instance', ['instance', ...SIDES]) ? session.open('instance') : undefined,
  ])
  return {service, instance}
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
