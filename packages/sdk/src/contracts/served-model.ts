/** A part of an inference service: `engine`, `decoder`, `router`. */
export interface ServingComponent {
  readonly name: string
  readonly ready: number
  readonly desired: number
  /** Devices of one replica. */
  readonly gpus: number
  readonly memoryBytes?: number | undefined
  readonly minReplicas?: number | undefined
  readonly maxReplicas?: number | undefined
  /** Why it is not ready. */
  readonly reason?: string | undefined
}

/** What a service has beside an application when it serves a model. */
export interface ServedModel {
  readonly model?: string | undefined
  /** `70.55B` */
  readonly size?: string | undefined
  readonly vendor?: string | undefined
  readonly runtime?: string | undefined
  /** `named` in the spec, or `selected` by the operator. */
  readonly runtimeBy?: 'named' | 'selected' | undefined
  /** `RawDeployment`, `Serverless`, `MultiNode`, `PDDisaggregated`, … */
  readonly mode?: string | undefined
  readonly components: readonly ServingComponent[]
  /** Devices of all replicas that are wanted. */
  readonly gpus: number
  /** One line: why it is not ready, with its cause. */
  readonly reason?: string | undefined
  /** The operator's last failure. */
  readonly failure?: {readonly reason: string; readonly message: string} | undefined
  readonly traffic?: readonly {readonly revision: string; readonly percent: number}[] | undefined
}
