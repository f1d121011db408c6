import type {CallOptions} from './collection.ts'
import type {Service} from './service-engine.ts'

/** What `omni deploy MODEL` asks for. */
export interface ServingSpec {
  readonly name: string
  readonly model: string
  readonly namespace?: string | undefined
  /** Absent: the operator's choice. */
  readonly runtime?: string | undefined
  /** Fewest and most. Without `autoscale` both are the same. */
  readonly minReplicas: number
  readonly maxReplicas: number
  readonly autoscale?: AutoscaleWish | undefined
  readonly accelerator?: string | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** Prefill and decoding in pods of their own, for a runtime that has both. Default false. */
  readonly decoder?: boolean | undefined
  /** Percent of the requests for this version beside the one that serves; UNSUPPORTED, with the reason, where the mode cannot. */
  readonly canary?: number | undefined
}

export interface AutoscaleWish {
  /** `cpu`, `memory`, `requests-per-second`, `concurrency`, `queue`, `kv-usage`, … */
  readonly metric: string
  readonly target: number
  /** A query of Prometheus, for what has no usual one; `%s` is no placeholder in it. */
  readonly query?: string | undefined
}

/** What a deploy would do, before it does. */
export interface ServingPlan {
  readonly action: 'create' | 'update' | 'keep'
  readonly manifests: readonly Readonly<Record<string, unknown>>[]
  readonly runtime?: string | undefined
  readonly runtimeBy?: 'named' | 'selected' | undefined
  readonly gpusPerReplica: number
  readonly gpus: number
  /** Price of an hour at the fewest replicas, when one is known. */
  readonly perHour?: number | undefined
  /** The API server's and the operator's remarks, and ours. */
  readonly warnings: readonly string[]
  /** For an update: the fields that change, `spec.engine.minReplicas: 1 → 3`. */
  readonly changes?: readonly string[] | undefined
  /** Why it could not start now: `need 4, largest free 2 on n7`. */
  readonly obstacles: readonly string[]
}

export interface ServingChange {
  readonly model?: string | undefined
  readonly runtime?: string | undefined
  readonly minReplicas?: number | undefined
  readonly maxReplicas?: number | undefined
  /** `off`: as many replicas as `minReplicas`, always. */
  readonly autoscale?: AutoscaleWish | 'off' | undefined
  /** `spec.engine.minReplicas=2`, or a short name; typed by the schema. */
  readonly set?: readonly string[] | undefined
  /** How pods are exchanged: `progressive` one by one, `recreate` all at once where devices are short. */
  readonly rollout?: 'progressive' | 'recreate' | undefined
  /** Percent of the requests for the new version; UNSUPPORTED, with the reason, where the mode cannot. */
  readonly canary?: number | undefined
}

/** One step of a diagnosis. */
export interface Finding {
  /** Id of the rule: `gpus-missing`, `image-pull`, … */
  readonly rule: string
  readonly severity: 'cause' | 'warning' | 'info' | 'ok'
  readonly message: string
  /** What was seen: messages, lines, figures. */
  readonly evidence: readonly string[]
  /** A command that fixes it. */
  readonly fix?: string | undefined
}

/** Looks for what keeps a service from serving. */
export interface DiagnosisFacet {
  /** Evidence first, causes before symptoms; never changes anything. NOT_FOUND for an absent service. */
  diagnose(name: string, options?: CallOptions): Promise<Finding[]>
}

export interface ServingOptions extends CallOptions {
  /** Default true. */
  readonly wait?: boolean | undefined
  /** Milliseconds; TIMEOUT with what it waits for. Default 30 minutes. */
  readonly timeoutMs?: number | undefined
}

/** Serving of models. Logs, exec, restart, scale, removal, diagnosis go through the engine of services, which lists them, too. */
export interface ServingFacet {
  plan(spec: ServingSpec, options?: CallOptions): Promise<ServingPlan>
  /** Resolves when it was seen ready; DEPLOY_FAILED, with the cause, when it will not be. */
  deploy(spec: ServingSpec, options?: ServingOptions): Promise<Service>
  planUpdate(name: string, change: ServingChange, options?: CallOptions): Promise<ServingPlan>
  update(name: string, change: ServingChange, options?: ServingOptions): Promise<Service>
}
