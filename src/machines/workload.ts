import type {Instance, InstanceProvider, Service, ServiceEngine} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import {instanceKind} from '../resources/instance.ts'
import type {AnyKind} from '../resources/kind.ts'
import {serviceKind} from '../resources/service.ts'

/** A service or an instance, with the driver that serves it. */
export type Workload = RunningService | Machine

interface Found {
  readonly name: string
  /** `instance/web`. */
  readonly ref: string
}

export interface RunningService extends Found {
  readonly kind: 'service'
  readonly state: Service
  readonly driver: ServiceEngine
}

export interface Machine extends Found {
  readonly kind: 'instance'
  readonly state: Instance
  readonly driver: InstanceProvider
}

/** Kinds that run: what most verbs are for. */
export const WORKLOADS: readonly AnyKind[] = [serviceKind, instanceKind]

export const serviceOf = (driver: ServiceEngine, state: Service): RunningService => ({
  kind: 'service',
  name: state.name,
  ref: `service/${state.name}`,
  state,
  driver,
})

export const machineOf = (driver: InstanceProvider, state: Instance): Machine => ({
  kind: 'instance',
  name: state.name,
  ref: `instance/${state.name}`,
  state,
  driver,
})

/** The kinds that some plugin here serves. A lone kind stays, so that its driver says why there is none. */
export const servedKinds = (session: Session, kinds: readonly AnyKind[]): readonly AnyKind[] =>
  kinds.length === 1
    ? kinds
    : kinds.filter((kind) => kind === serviceKind || session.contributions.some((one) => one.kind === kind.contract))

/** `instance`, or `service and no instance` behind a "no". */
export const kindsInWords = (kinds: readonly AnyKind[]): string => kinds.map(({kind}) => kind).join(' and no ')
