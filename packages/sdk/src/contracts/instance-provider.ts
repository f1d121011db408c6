import type {InstanceSpec} from '../specs/instance.ts'
import type {CallOptions, Collection, Health} from './collection.ts'
import type {EventFacet, ExecFacet, FileFacet, LogFacet, SnapshotFacet} from './facets.ts'
import type {
  CopyFacet,
  ExportFacet,
  ImageFacet,
  InstallFacet,
  MetricsFacet,
  NetworkFacet,
  ProfileFacet,
} from './instance-facets.ts'
import type {NodeFacet} from './service-engine.ts'

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
  /** Global ones, IPv4 first. */
  readonly addresses: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  readonly createdAt?: string | undefined
  readonly startedAt?: string | undefined
  /** Member of the cluster that it is on. */
  readonly location?: string | undefined
  /** Further fields of the spec as the provider reads them back, in the form of the spec. */
  readonly settings?: Readonly<Partial<InstanceSpec>> | undefined
  /** Whether programs can be run inside now. Absent: not known. */
  readonly agent?: boolean | undefined
  /** The machine itself has said that it is ready. */
  readonly isReady?: boolean | undefined
  readonly memoryUsedBytes?: number | undefined
  readonly snapshotCount?: number | undefined
  /** Its backend removes it as soon as it stops. Absent: no. */
  readonly isEphemeral?: boolean | undefined
}

/**
 * What a change costs: nothing; a restart; the root disk, while address and labels stay; or the machine with all it has.
 * In this order each includes the one before.
 */
export type ChangeKind = 'live' | 'restart' | 'rebuild' | 'replace'

/** Facts about the core methods. */
export interface InstanceTraits {
  readonly types: readonly ('container' | 'vm')[]
  /** Spec fields that `update` changes, at the cost of a restart at most; any other difference means replace. */
  readonly mutable: readonly string[]
  /** Spec fields that `rebuild` changes. Default: none. */
  readonly rebuildable?: readonly string[] | undefined
  /** Whether `rebuild` takes an instance that has snapshots. Default true. */
  readonly rebuildsWithSnapshots?: boolean | undefined
  /**
   * Spec fields that instances tell, most of them in `settings`: one that is absent there is not set. Default: none, an
   * absent field may be anything.
   */
  readonly readable?: readonly string[] | undefined
  /** Whether labels are kept, by the backend itself or by the driver. */
  readonly labels: boolean
}

/** What a provider cannot honour of a wanted machine. `path` leads to the field of its spec. */
export interface Refusal {
  readonly instance: string
  readonly path: readonly (string | number)[]
  readonly message: string
  readonly hint?: string | undefined
}

/** What a plan is about to make, for the question what cannot be honoured. */
export interface WantedInstances {
  readonly instances: readonly InstanceSpec[]
  /** Names of profiles and networks that the same plan makes. */
  readonly profiles: readonly string[]
  readonly networks: readonly string[]
}

export interface StopOptions extends CallOptions {
  /** Cut off at once. Default: the machine is asked to shut down, and TIMEOUT says that it did not. */
  readonly force?: boolean | undefined
  /** How long it may take to shut down, in milliseconds. Default 60 000. */
  readonly timeoutMs?: number | undefined
}

/**
 * Machines. `start` and `stop` are idempotent; each call resolves when the state was observed.
 *
 * - `create` resolves when the machine runs; whether it is ready is asked by `awaitReady` of the engine.
 * - `update` also restarts a running machine when one of the changes needs it.
 * - Names are compared whole. Only things with our owner label are changed by plans.
 */
export interface InstanceProvider extends Collection<InstanceSpec, Instance> {
  readonly name: string
  readonly traits: InstanceTraits
  check(options?: CallOptions): Promise<Health>
  start(name: string, options?: CallOptions): Promise<Instance>
  stop(name: string, options?: StopOptions): Promise<Instance>
  /** Absent: stop and start do the same. */
  restart?(name: string, options?: StopOptions): Promise<Instance>
  /** A new root disk by the spec; address, MAC and labels stay, the first boot runs again. Ends running. */
  rebuild?(name: string, spec: InstanceSpec, options?: CallOptions): Promise<Instance>
  /** What each of these differing fields (`cpus`, `config.limits.processes`) costs on this machine. Absent: see traits. */
  changeKinds?(
    instance: Instance,
    paths: readonly string[],
    options?: CallOptions,
  ): Promise<Readonly<Record<string, ChangeKind>>>
  /** Everything that cannot be honoured, asked before anything is made. Empty: all of it can. */
  refusals(wanted: WantedInstances, options?: CallOptions): Promise<readonly Refusal[]>
  readonly snapshots?: SnapshotFacet | undefined
  readonly exec?: ExecFacet | undefined
  readonly files?: FileFacet | undefined
  /** The console, or what the backend keeps of it. */
  readonly logs?: LogFacet | undefined
  readonly copies?: CopyFacet | undefined
  readonly images?: ImageFacet | undefined
  readonly networks?: NetworkFacet | undefined
  readonly profiles?: ProfileFacet | undefined
  readonly metrics?: MetricsFacet | undefined
  readonly export?: ExportFacet | undefined
  readonly install?: InstallFacet | undefined
  /** Members of a cluster. */
  readonly nodes?: NodeFacet | undefined
  readonly events?: EventFacet | undefined
}
