import type {CallOptions} from '../contracts/collection.ts'
import type {InstanceProvider} from '../contracts/instance-provider.ts'
import type {ServiceEngine} from '../contracts/service-engine.ts'
import type {PlannerTraits} from './kinds.ts'
import type {Observed} from './operation.ts'

/** The drivers that a manifest touches, by kind. */
export interface Drivers {
  readonly service?: ServiceEngine | undefined
  readonly instance?: InstanceProvider | undefined
}

/** Kinds that the driver of machines keeps beside them. */
export type SideKind = 'network' | 'profile'

export interface ObserveOptions extends CallOptions {
  /** Side kinds to look at; one that the driver does not have is absent. Default: none. */
  readonly sides?: readonly SideKind[] | undefined
  /** See `ListOptions`; enough to tell whether machines are as wanted. Default false. */
  readonly brief?: boolean | undefined
}

/** What is there now: one list per driver and side kind, all at the same time. */
export async function observe({service, instance}: Drivers, options: ObserveOptions = {}): Promise<Observed> {
  const {sides = [], brief, ...call} = options
  const [services, instances, networks, profiles] = await Promise.all([
    service?.list(call),
    instance?.list({...call, brief}),
    sides.includes('network') ? instance?.networks?.list(call) : undefined,
    sides.includes('profile') ? instance?.profiles?.list(call) : undefined,
  ])
  return {
    ...(services === undefined ? {} : {service: services}),
    ...(instances === undefined ? {} : {instance: instances}),
    ...(networks === undefined ? {} : {network: networks}),
    ...(profiles === undefined ? {} : {profile: profiles}),
  }
}

/** Facts about the drivers, for `buildPlan`. */
export const traitsOf = ({service, instance}: Drivers): PlannerTraits => ({
  service: service?.traits,
  instance: instance?.traits,
  rebuilds: instance?.rebuild !== undefined,
})
