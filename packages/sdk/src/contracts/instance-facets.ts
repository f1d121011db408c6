import type {Argv} from '../io/exec.ts'
import type {NetworkSpec, ProfileSpec} from '../specs/instance.ts'
import type {CallOptions, Collection} from './collection.ts'
import type {Instance} from './instance-provider.ts'

type Labels = Readonly<Record<string, string>>

/** A whole machine again, under another name. */
export interface CopyFacet {
  /** The machine must be stopped for it: the caller stops and starts it, when told to. Default false. */
  readonly needsStop?: boolean | undefined
  /**
   * Copies the machine, or one of its snapshots. The copy is stopped, has a MAC of its own and none of the owner labels of
   * plans. CONFLICT when `to` exists, NOT_FOUND for an unknown machine or snapshot.
   */
  copy(name: string, to: string, options?: CallOptions & {readonly snapshot?: string | undefined}): Promise<Instance>
}

export interface ImageInfo {
  /** What a plan may write as `image`. */
  readonly name: string
  readonly description?: string | undefined
  readonly type?: 'container' | 'vm' | undefined
  readonly architecture?: string | undefined
  readonly sizeBytes?: number | undefined
  /** `local`, or where it comes from. */
  readonly source: string
  readonly fingerprint?: string | undefined
}

export interface ImageFacet {
  list(options?: CallOptions): Promise<ImageInfo[]>
}

export interface ProfileState extends ProfileSpec {
  readonly labels: Labels
  /** Names of the instances that use it. */
  readonly usedBy: readonly string[]
}

/** Names are whole; `remove` of one in use is CONFLICT. */
export type ProfileFacet = Required<Collection<ProfileSpec, ProfileState>>

export interface NetworkState extends NetworkSpec {
  readonly labels: Labels
  readonly usedBy: readonly string[]
  /** Made and kept by the provider, as opposed to one of the host. */
  readonly managed: boolean
  /** Address of the host in it with its prefix, also where `ipv4` is "auto". */
  readonly address?: string | undefined
  readonly leases?: readonly NetworkLease[] | undefined
}

export interface NetworkLease {
  readonly instance: string
  readonly address: string
  readonly mac?: string | undefined
}

/** `remove` of one in use is CONFLICT. */
export type NetworkFacet = Required<Collection<NetworkSpec, NetworkState>>

/** Figures at one moment; counters grow from the start of the machine. */
export interface InstanceUsage {
  readonly name: string
  readonly cpuSeconds?: number | undefined
  readonly memoryUsedBytes?: number | undefined
  readonly memoryTotalBytes?: number | undefined
  readonly diskUsedBytes?: number | undefined
  readonly diskTotalBytes?: number | undefined
  readonly receivedBytes?: number | undefined
  readonly sentBytes?: number | undefined
  readonly processes?: number | undefined
}

export interface MetricsFacet {
  /** All running machines, one request where the backend allows it. */
  read(options?: CallOptions): Promise<InstanceUsage[]>
}

/** A machine as one file. */
export interface ExportFacet {
  /** Ending of the file that `read` gives, with its dot: `.tar.gz`. */
  readonly extension: string
  /** The machine as bytes; the stream fails when not all of it came. */
  read(
    name: string,
    options?: CallOptions,
  ): Promise<{readonly body: NodeJS.ReadableStream; readonly sizeBytes?: number | undefined}>
  /** A machine from such bytes, stopped. CONFLICT when the name exists; half of one is taken away again. */
  write(name: string, body: NodeJS.ReadableStream, options?: CallOptions): Promise<Instance>
}

/** One command of an installation, shown before it is run. */
export interface InstallStep {
  /** For a person: `install Incus`. */
  readonly title: string
  readonly argv: Argv
  /** Standard input of the command. */
  readonly input?: string | undefined
  readonly needsRoot: boolean
  /** A daemon that goes on running after this command. */
  readonly isDaemon?: boolean | undefined
}

export interface InstallPlan {
  /** Nothing has to be done. */
  readonly isReady: boolean
  readonly steps: readonly InstallStep[]
  /** What a person must do or know: log in again, no virtual machines without KVM. */
  readonly remarks: readonly string[]
}

/** How the backend comes onto this machine. */
export interface InstallFacet {
  /** What is missing here. Changes nothing. UNSUPPORTED, with the way by hand, where there is none. */
  plan(options?: CallOptions): Promise<InstallPlan>
}
