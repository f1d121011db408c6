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

/** What is there now: one list per driver, side by side. */
export async function observe({service, instance}: Drivers, options: CallOptions = {}): Promise<Observed> {
  const [services, instances] = await Promise.all([service?.list(options), instance?.list(options)])
  return {
    ...(services === undefined ? {} : {service: services}),
    ...(instances === undefined ? {} : {instance: instances}),
  }
}

/** Facts about the drivers, for `buildPlan`. */
export const traitsOf = ({service, instance}: Drivers): PlannerTraits => ({
  service: service?.traits,
  instance: instance?.traits,
})
