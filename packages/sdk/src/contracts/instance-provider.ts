import type {InstanceSpec} from '../specs/instance.ts'
import type {CallOptions, Collection, Health} from './collection.ts'
import type {ExecFacet, FileFacet, LogFacet, SnapshotFacet} from './facets.ts'

export type InstanceStatus = 'running' | 'stopped' | 'starting' | 'stopping' | 'frozen' | 'error' | 'unknown'

/** A machine as observed. Fields of the spec that the provider cannot read back are absent. */
export interface Instance {
  readonly name: string
  readonly status: InstanceStatus
  readonly type: 'container' | 'vm'
  readonly image?: string | undefined
  readonly cpus?: number | undefined
  readonly memoryBytes?: number | undefined
  readonly diskBytes?: number | undefined
  readonly addresses: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  readonly createdAt?: string | undefined
  readonly location?: string | undefined
}

/** Facts about the core methods. */
export interface InstanceTraits {
  readonly types: readonly ('container' | 'vm')[]
  /** Spec fields that `update` changes in place; any other difference means replace. */
  readonly mutable: readonly string[]
  /** Whether labels are kept by the backend itself. */
  readonly labels: boolean
}

/** Machines. `start` and `stop` are idempotent; each call resolves when the state was observed. */
export interface InstanceProvider extends Collection<InstanceSpec, Instance> {
  readonly name: string
  readonly traits: InstanceTraits
  check(options?: CallOptions): Promise<Health>
  start(name: string, options?: CallOptions): Promise<Instance>
  stop(name: string, options?: CallOptions): Promise<Instance>
  readonly snapshots?: SnapshotFacet | undefined
  readonly exec?: ExecFacet | undefined
  readonly files?: FileFacet | undefined
  readonly logs?: LogFacet | undefined
}
