import type {CallOptions, Collection, Health} from './collection.ts'

/** A model that can be served. */
export interface ModelSpec {
  readonly name: string
  /** Where the weights are: `hf://org/name`, `oci://…`, `s3://…`, `local:///path`. */
  readonly source: string
  readonly architecture?: string | undefined
  readonly parameters?: number | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
}

export interface Model extends ModelSpec {
  readonly status: 'ready' | 'importing' | 'failed' | 'unknown'
}

/** A way to serve models. */
export interface RuntimeSpec {
  readonly name: string
  readonly image: string
  readonly architectures: readonly string[]
  readonly gpus?: number | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
}

export interface ModelRuntime extends RuntimeSpec {
  readonly enabled: boolean
}

export interface ModelCatalog {
  readonly name: string
  check(options?: CallOptions): Promise<Health>
  readonly models: Collection<ModelSpec, Model>
  readonly runtimes: Collection<RuntimeSpec, ModelRuntime>
}

/** What a model reference resolves to. */
export interface ResolvedModel {
  readonly ref: string
  /** Immutable id of what was found (a commit, a digest). */
  readonly revision: string
  readonly architecture?: string | undefined
  readonly parameters?: number | undefined
  readonly sizeBytes?: number | undefined
}

export interface ModelSource {
  readonly name: string
  /** URL schemes it answers for, without `://`. */
  readonly schemes: readonly string[]
  /** NOT_FOUND when the reference names nothing. */
  resolve(ref: string, options?: CallOptions): Promise<ResolvedModel>
  search?(query: string, options?: CallOptions & {readonly limit?: number | undefined}): Promise<ResolvedModel[]>
}
