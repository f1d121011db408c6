import type {CallOptions} from './collection.ts'
import type {NamedVersion} from './models.ts'

/** What a model reference resolves to. */
export interface ResolvedModel {
  readonly ref: string
  /** Immutable id of what was found (a commit, a digest). */
  readonly revision: string
  /** Reference to exactly this revision: `hf://org/name@3f1c…`. What a model should be made of. */
  readonly pinned?: string | undefined
  readonly modelType?: string | undefined
  readonly architecture?: string | undefined
  readonly parameters?: number | undefined
  /** `70.55B`, by the operator's rule. */
  readonly size?: string | undefined
  readonly quantization?: string | undefined
  readonly format?: NamedVersion | undefined
  readonly framework?: NamedVersion | undefined
  readonly capabilities?: readonly string[] | undefined
  readonly maxTokens?: number | undefined
  /** All files of the revision. */
  readonly sizeBytes?: number | undefined
  readonly vendor?: string | undefined
  readonly license?: string | undefined
  /** `open`: anybody; `gated`: terms must be accepted; `private`. */
  readonly access?: 'open' | 'gated' | 'private' | undefined
  /** Where the terms of a gated model are accepted. */
  readonly terms?: string | undefined
  /** The token in use may read the files. Absent: not tried. */
  readonly readable?: boolean | undefined
  readonly downloads?: number | undefined
  readonly likes?: number | undefined
  readonly updatedAt?: string | undefined
  readonly tags?: readonly string[] | undefined
  /** Fields of its config.json, for estimates of memory. */
  readonly configuration?: Readonly<Record<string, unknown>> | undefined
  /** Remarks: what the operator will read differently, what does not fit together. */
  readonly warnings?: readonly string[] | undefined
}

export interface ModelSearch extends CallOptions {
  readonly limit?: number | undefined
  /** Organisation or user. */
  readonly vendor?: string | undefined
  readonly minDownloads?: number | undefined
  readonly task?: string | undefined
  /** What it is made for: `transformers`, `safetensors`, `gguf`, … */
  readonly library?: string | undefined
  readonly sort?: 'downloads' | 'likes' | 'updated' | 'trending' | undefined
}

export interface DownloadOptions extends CallOptions {
  /** Connections at once. */
  readonly connections?: number | undefined
  /** Glob patterns of files; default: all. */
  readonly include?: readonly string[] | undefined
}

export interface Download {
  readonly folder: string
  readonly revision: string
  readonly files: number
  readonly bytes: number
  /** Bytes that had to be fetched this time. */
  readonly fetchedBytes: number
  /** Chunks that were wrong and were fetched again. */
  readonly repairedChunks: number
}

/** What a source is asked with. The token is for a Secret; it is never shown. */
export interface SourceCredential {
  readonly token: string
  /** Where it stands: `$HF_TOKEN`, a file. */
  readonly from: string
}

export interface ModelSource {
  readonly name: string
  /** URL schemes it answers for, without `://`. */
  readonly schemes: readonly string[]
  /** NOT_FOUND when the reference names nothing; FORBIDDEN for one that the token may not see. */
  resolve(ref: string, options?: CallOptions): Promise<ResolvedModel>
  search?(query: string, options?: ModelSearch): Promise<ResolvedModel[]>
  /** The token in use; undefined without one. */
  credential?(): Promise<SourceCredential | undefined>
  /** Resolves when every byte was checked against its hash; never before. Takes up what an earlier one has left. */
  download?(ref: string, folder: string, options?: DownloadOptions): Promise<Download>
}
