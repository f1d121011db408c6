import type {NetworkState, ProfileState} from '../contracts/instance-facets.ts'
import type {ChangeKind, Instance} from '../contracts/instance-provider.ts'
import type {Service} from '../contracts/service-engine.ts'
import type {Resource} from './manifest/resource.ts'

/** Kinds that the planner creates, changes and removes. */
export type PlannedKind = 'service' | 'instance' | 'network' | 'profile'

/** One field that differs. Values that look like secrets are masked. */
export interface Change {
  /** Dotted: `env.LOG_LEVEL`. */
  readonly path: string
  /** Undefined when it is not set now. */
  readonly from?: unknown
  /** Undefined when it will not be set. */
  readonly to?: unknown
  /** What it costs, for machines. */
  readonly cost?: ChangeKind | undefined
  /** Who set it last, and when (RFC 3339), for Kubernetes objects. */
  readonly by?: string | undefined
  readonly at?: string | undefined
}

export type Action = 'create' | 'update' | 'rebuild' | 'replace' | 'remove' | 'start' | 'stop' | 'keep'

/** One step of a plan; plain data, safe to print. */
export interface Operation {
  /** Unique in the plan; the `ref`. */
  readonly id: string
  readonly action: Action
  /** `service/web`. */
  readonly ref: string
  readonly changes: readonly Change[]
  /** Ids of operations that must have succeeded before. */
  readonly dependsOn: readonly string[]
  /** Why, in a few words. */
  readonly reason: string
  /** The largest cost of its changes, for machines. */
  readonly cost?: ChangeKind | undefined
}

/** What is there now, one list a kind; a kind that was not asked for is absent. */
export interface Observed {
  readonly service?: readonly Service[] | undefined
  readonly instance?: readonly Instance[] | undefined
  readonly network?: readonly NetworkState[] | undefined
  readonly profile?: readonly ProfileState[] | undefined
  /** Refs of machines that an earlier apply has not seen ready. */
  readonly unready?: ReadonlySet<string> | undefined
}

/** A resource with the spec that will be sent: what commands set is kept, the owner labels are added. */
export type Wanted = Extract<Resource, {kind: PlannedKind}>

export interface Plan {
  /** In an order that honours `dependsOn`. */
  readonly operations: readonly Operation[]
  /** What create, update and replace send, by operation id. Specs may hold secrets: not for printing. */
  readonly wanted: ReadonlyMap<string, Wanted>
  /** Remarks for the user. */
  readonly notes: readonly string[]
  /** Values that must not be shown, also not where a driver repeats them. */
  readonly secrets?: readonly string[] | undefined
}

/** Label that names the plan a thing belongs to. */
export const PLAN_LABEL = 'omni.plan'
/** Label with hashes of settings that a driver cannot read back. */
export const HASH_LABEL = 'omni.hash'

export const refOf = (thing: {readonly kind: string; readonly name: string}) => `${thing.kind}/${thing.name}`

/** True when the plan would change something. */
export const hasChanges = (plan: Pick<Plan, 'operations'>) => plan.operations.some(({action}) => action !== 'keep')
