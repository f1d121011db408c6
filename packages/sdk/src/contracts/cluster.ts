import type {CallOptions, Health} from './collection.ts'

/** One context of a kubeconfig, as `omni cluster connect` offers it. */
export interface ClusterContext {
  readonly name: string
  /** URL of the API server. */
  readonly server: string
  readonly user?: string | undefined
  readonly namespace?: string | undefined
  /** The one that the kubeconfig names as current. */
  readonly current: boolean
  /** Absolute file it was read from. */
  readonly file: string
  /** Program with its arguments that prints the user's credentials; it is run after a person has agreed to it once. */
  readonly program?: readonly string[] | undefined
}

/** One thing that was looked at, for `cluster health` and `doctor`. */
export interface ClusterCheck {
  /** `api server`, `nodes`, `ome crds`, `ome controller`, `model agents`, … */
  readonly name: string
  readonly status: 'ok' | 'warning' | 'failed' | 'unknown'
  readonly message: string
  /** A command that fixes it. */
  readonly hint?: string | undefined
}

/** Amounts: cores, bytes, devices. `free` = allocatable − requested, never below 0. */
export interface Amounts {
  readonly cpus: number
  readonly memoryBytes: number
  readonly gpus: number
  readonly pods: number
}

export interface NodeCapacity {
  readonly name: string
  /** Schedulable and Ready. */
  readonly usable: boolean
  /** Why it is not usable: `NotReady`, `cordoned`, … */
  readonly reason?: string | undefined
  readonly labels: Readonly<Record<string, string>>
  /** Resource of the devices: `nvidia.com/gpu`, `amd.com/gpu`, …; absent without any. */
  readonly gpuResource?: string | undefined
  /** As the node's labels tell it (`nvidia.com/gpu.product`), else its AcceleratorClass. */
  readonly gpuModel?: string | undefined
  /** Memory of one device. */
  readonly gpuMemoryBytes?: number | undefined
  readonly allocatable: Amounts
  readonly requested: Amounts
  readonly free: Amounts
}

export interface ClusterCapacity {
  readonly nodes: readonly NodeCapacity[]
  readonly allocatable: Amounts
  readonly requested: Amounts
  /** Sum over usable nodes. */
  readonly free: Amounts
  /** Most devices that are free on one usable node: a pod cannot have more. */
  readonly largestFreeGpus: number
}

/** What one workload asks for. */
export interface WorkloadRequests {
  readonly namespace: string
  /** `service/web`, `isvc/llama`, `Deployment/x`, `Pod/y`: the topmost owner that is known. */
  readonly ref: string
  readonly pods: number
  readonly requested: Amounts
  readonly nodes: readonly string[]
}

/** A cluster that services and models live in. */
export interface ClusterProvider {
  readonly name: string
  check(options?: CallOptions): Promise<Health>
  /**
   * Contexts of the named kubeconfig files, else of `$KUBECONFIG`, else of `~/.kube/config`. Needs no cluster to be reachable.
   * CONFIG_INVALID with every problem; NOT_FOUND when there is no such file.
   */
  contexts(options?: CallOptions & {readonly files?: readonly string[] | undefined}): Promise<ClusterContext[]>
  /**
   * Whether the API server of one of `contexts()` answers. Its program is run when it was agreed to before, when somebody can
   * be asked, or when `allowsProgram` says so, which is remembered.
   */
  connect(
    wanted: {
      readonly context: ClusterContext
      /** Those that `contexts` was asked with. */
      readonly files?: readonly string[] | undefined
      readonly allowsProgram?: boolean | undefined
    },
    options?: CallOptions,
  ): Promise<Health>
  health(options?: CallOptions): Promise<ClusterCheck[]>
  capacity(options?: CallOptions): Promise<ClusterCapacity>
  /** Largest first. */
  requests(options?: CallOptions): Promise<WorkloadRequests[]>
}
