import type {CallOptions} from './collection.ts'
import type {Model, ModelRuntime} from './models.ts'

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
