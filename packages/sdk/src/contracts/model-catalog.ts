import type {CallOptions, Collection, Health} from './collection.ts'
import type {ServingFacet} from './serving.ts'

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

/** Whether a model fits into the memory of devices, by an estimate. Bytes. */
export interface MemoryFit {
  readonly verdict: 'fits' | 'tight' | 'no' | 'unknown'
  readonly weightsBytes?: number | undefined
  /** Keys and values of one sequence of `contextTokens`. */
  readonly cacheBytes?: number | undefined
  readonly overheadBytes?: number | undefined
  /** Of all devices of one replica together. */
  readonly availableBytes?: number | undefined
  readonly contextTokens?: number | undefined
  readonly batch?: number | undefined
  readonly gpus?: number | undefined
  /** Longest context that fits for that batch. */
  readonly longestContext?: number | undefined
  /** One sentence: why, and how sure it is. */
  readonly reason: string
}

export interface RuntimeCandidate {
  readonly runtime: ModelRuntime
  /** Of the operator's rule; absent for one that it would not take by itself. */
  readonly score?: number | undefined
  /** It could be named, also when it is not chosen by itself. */
  readonly compatible: boolean
  readonly fit: MemoryFit
}

export interface ExcludedRuntime {
  readonly name: string
  readonly namespace?: string | undefined
  /** In the operator's own words. */
  readonly reason: string
}

/** Candidate that is best by fit and by what it serves; not always the one that the operator takes. */
export interface RecommendedRuntime {
  readonly name: string
  /** One sentence. */
  readonly reason: string
}

/** Which runtime the operator takes, and which would be better. */
export interface RuntimeSuggestion {
  readonly model: Model
  /** What the operator takes when none is named. */
  readonly selected?: RuntimeCandidate | undefined
  /** Best first, in the operator's order; `selected` is the first of those with a score. */
  readonly candidates: readonly RuntimeCandidate[]
  /** Absent when there is no candidate. */
  readonly recommended?: RecommendedRuntime | undefined
  readonly excluded: readonly ExcludedRuntime[]
  /** What a person should know of the choice: a tie by name, a served name of another model, … */
  readonly warnings: readonly string[]
  /** The operator's own message when it takes none. */
  readonly error?: string | undefined
}

export interface SuggestOptions extends CallOptions {
  /** Tokens of one sequence, for the fit. Default: the model's own, at most 8192. */
  readonly contextTokens?: number | undefined
  /** Sequences at once, for the fit. Default 1. */
  readonly batch?: number | undefined
  /** Class of devices that is asked for. */
  readonly accelerator?: string | undefined
}

/** What is known of a model whose memory is estimated; a `Model` is one, and so is what a `ModelSource` resolves. */
export interface FitSubject {
  readonly size?: string | undefined
  readonly parameters?: number | undefined
  readonly quantization?: string | undefined
  readonly maxTokens?: number | undefined
  readonly architecture?: string | undefined
  readonly modelType?: string | undefined
  /** Fields of its config.json. */
  readonly configuration?: Readonly<Record<string, unknown>> | undefined
}

/** What would be if. */
export interface FitOptions extends SuggestOptions {
  /** Devices of one replica. Default: the fewest that it fits on, up to what one node has. */
  readonly gpus?: number | undefined
  /** Memory of one device. Default: that of each class of devices in the cluster. */
  readonly gpuMemoryBytes?: number | undefined
  /** Instead of the model's own: `fp8`, `int4`, `none`. */
  readonly quantization?: string | undefined
}

/** A model on one class of devices. */
export interface DeviceFit {
  /** Absent: devices that only were supposed. */
  readonly accelerator?: string | undefined
  readonly gpuMemoryBytes?: number | undefined
  readonly fit: MemoryFit
}

export interface SelectionFacet {
  /** NOT_FOUND for a model that is not there. */
  suggest(model: string, options?: SuggestOptions): Promise<RuntimeSuggestion>
  /** Estimate for each class of devices, or for the ones that are supposed; at least one. Asks the cluster only for its devices. */
  fit(subject: FitSubject, options?: FitOptions): Promise<DeviceFit[]>
}

/** What `create runtime` starts from. */
export interface RuntimeDraft {
  readonly name: string
  readonly namespace?: string | undefined
  /** A manifest (of a template), or a runtime that is there. */
  readonly from: {readonly manifest: Readonly<Record<string, unknown>>} | {readonly runtime: string}
  readonly architecture?: string | undefined
  readonly size?: string | undefined
  readonly gpus?: number | undefined
  /** `gpus=8`, `tensorParallelism=8`, or a path of the manifest: `spec.engineConfig.runner.image=…`. Typed by the schema. */
  readonly set?: readonly string[] | undefined
}

/** What was found about a runtime. */
export interface RuntimeTest {
  readonly name: string
  readonly checks: readonly {
    readonly name: string
    readonly status: 'ok' | 'warning' | 'failed'
    readonly message: string
    readonly hint?: string | undefined
  }[]
}

export interface RuntimeFacet {
  /** The manifest; USAGE for a `set` that the schema does not know, with the nearest. A copy is not chosen by itself unless it is set to. */
  render(draft: RuntimeDraft, options?: CallOptions): Promise<Readonly<Record<string, unknown>>>
  create(draft: RuntimeDraft, options?: CallOptions & {readonly dryRun?: boolean | undefined}): Promise<ModelRuntime>
  test(name: string, options?: CallOptions): Promise<RuntimeTest>
}

/** Secrets for sources of models. */
export interface CredentialFacet {
  /** Resolves false when there is none. */
  has(secret: string, options?: CallOptions & {readonly namespace?: string | undefined}): Promise<boolean>
  put(secret: string, token: string, options?: CallOptions & {readonly namespace?: string | undefined}): Promise<void>
}

export interface ModelCatalog {
  readonly name: string
  check(options?: CallOptions): Promise<Health>
  readonly models: Collection<ModelSpec, Model>
  readonly runtimes: Collection<RuntimeSpec, ModelRuntime>
  readonly accelerators?: {list(options?: CallOptions): Promise<Accelerator[]>} | undefined
  readonly selection?: SelectionFacet | undefined
  readonly runtimeTools?: RuntimeFacet | undefined
  readonly credentials?: CredentialFacet | undefined
  readonly serving?: ServingFacet | undefined
}
