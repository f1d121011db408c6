/** A format or framework with its version: `{name: 'safetensors', version: '1.0.0'}`. */
export interface NamedVersion {
  readonly name: string
  readonly version?: string | undefined
}

/** A model that can be served. */
export interface ModelSpec {
  readonly name: string
  /** Where the weights are: `hf://org/name[@revision]`, `oci://n/…`, `pvc://…`, `local:///path`, `vendor://…`. */
  readonly source: string
  /** Absent: for all namespaces. */
  readonly namespace?: string | undefined
  readonly displayName?: string | undefined
  readonly vendor?: string | undefined
  readonly version?: string | undefined
  /** `model_type` of config.json. */
  readonly modelType?: string | undefined
  /** First of `architectures` of config.json: `LlamaForCausalLM`. */
  readonly architecture?: string | undefined
  readonly format?: NamedVersion | undefined
  readonly framework?: NamedVersion | undefined
  /** As the operator writes it: `70.55B`, `340M`. */
  readonly size?: string | undefined
  /** The same as a number, when it is known. */
  readonly parameters?: number | undefined
  /** `fp8`, `int4`, … */
  readonly quantization?: string | undefined
  /** `TEXT_TO_TEXT`, `EMBEDDING`, …; an open set. */
  readonly capabilities?: readonly string[] | undefined
  readonly apiCapabilities?: readonly string[] | undefined
  /** Longest context, in tokens. */
  readonly maxTokens?: number | undefined
  /** Folder on the nodes. */
  readonly path?: string | undefined
  /** Name of the Secret with the token for the source. */
  readonly secret?: string | undefined
  readonly disabled?: boolean | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
}

/** How far one node is with the files of a model. */
export interface ModelOnNode {
  readonly node: string
  readonly status: 'ready' | 'downloading' | 'failed' | 'deleted'
  readonly phase?: string | undefined
  readonly completedBytes?: number | undefined
  readonly totalBytes?: number | undefined
  readonly bytesPerSecond?: number | undefined
}

export interface Model extends ModelSpec {
  readonly status: 'ready' | 'importing' | 'failed' | 'unknown'
  readonly nodesReady?: readonly string[] | undefined
  readonly nodesFailed?: readonly string[] | undefined
  /** Only when one model is asked for. */
  readonly nodes?: readonly ModelOnNode[] | undefined
  /** What is known of its config.json: `hidden_size`, `num_hidden_layers`, …; only when one model is asked for. */
  readonly configuration?: Readonly<Record<string, unknown>> | undefined
  readonly createdAt?: string | undefined
}

/** One entry of what a runtime can serve. */
export interface RuntimeFormat {
  readonly format: NamedVersion
  readonly framework?: NamedVersion | undefined
  readonly architecture?: string | undefined
  readonly quantization?: string | undefined
  readonly autoSelect: boolean
  readonly priority: number
}

/** A way to serve models. */
export interface RuntimeSpec {
  readonly name: string
  readonly image: string
  readonly architectures: readonly string[]
  /** Devices of one pod. */
  readonly gpus?: number | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
}

export interface ModelRuntime extends RuntimeSpec {
  readonly enabled: boolean
  readonly namespace?: string | undefined
  /** `vllm`, `sglang`, …, as far as the image and the arguments tell. */
  readonly engine?: string | undefined
  readonly formats?: readonly RuntimeFormat[] | undefined
  readonly sizeRange?: {readonly min: string; readonly max: string} | undefined
  /** Of the engine's container. */
  readonly memoryBytes?: number | undefined
  readonly cpus?: number | undefined
  /** As its arguments say; absent when they do not. */
  readonly tensorParallel?: number | undefined
  /** Parts it has: `engine`, `decoder`, `router`; `multi-node` when it has workers. */
  readonly components?: readonly string[] | undefined
  /** Model name that its server answers to, when it is hard-wired. */
  readonly servedModelName?: string | undefined
  readonly createdAt?: string | undefined
}

/** A class of devices. */
export interface Accelerator {
  readonly name: string
  readonly vendor?: string | undefined
  readonly family?: string | undefined
  readonly model?: string | undefined
  readonly memoryBytes?: number | undefined
  /** Nodes that have it. */
  readonly nodes: readonly string[]
  /** Devices there are, are asked for, and are free on usable nodes. */
  readonly total: number
  readonly used: number
  readonly free: number
  /** Most that are free on one node. */
  readonly largestFree: number
  /** Price of one device for an hour, in the currency of whoever wrote it. */
  readonly perHour?: number | undefined
  /** There is an AcceleratorClass; else it was made out from the nodes. */
  readonly declared: boolean
}
