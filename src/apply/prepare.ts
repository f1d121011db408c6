import type {CallOptions} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import type {Drivers, Manifest, Plan} from '@omni-cli/sdk/engine'

/** A plan together with the drivers that will carry it out. */
export interface PreparedPlan {
  readonly plan: Plan
  readonly drivers: Drivers
}

export interface PrepareOptions extends CallOptions {
  readonly prune?: boolean | undefined
  /** Start an engine of this machine that does not run. */
  readonly wake?: boolean | undefined
}

/** Opens the drivers that the manifest touches, observes, and plans. */
export async function preparePlan(
  session: Session,
  manifest: Manifest,
  options: PrepareOptions,
): Promise<PreparedPlan> {
  const {buildPlan, observe, traitsOf} = await import('@omni-cli/sdk/engine')
  const drivers = await openDrivers(session, manifest, options.prune === true)
  if (options.wake === true) await drivers.service?.wake?.({signal: options.signal})
  const observed = await observe(drivers, {signal: options.signal})
  return {plan: buildPlan(manifest, observed, {prune: options.prune, traits: traitsOf(drivers)}), drivers}
}

/** With `prune`, a kind whose last thing was taken out of the file is looked at as well. */
async function openDrivers(session: Session, {resources}: Manifest, prune: boolean): Promise<Drivers> {
  const needs = (kind: 'service' | 'instance') =>
    resources.some((resource) => resource.kind === kind) ||
    (prune && session.contributions.some((contribution) => contribution.kind === kind))
  const [service, instance] = await Promise.all([
    needs('service') ? session.open('service') : undefined,
    needs('instance') ? session.open('instance') : undefined,
  ])
  return {service, instance}
}
