import type {CallOptions, Collection, Health} from './collection.ts'
import type {Accelerator, Model, ModelRuntime, ModelSpec, RuntimeSpec} from './models.ts'
import type {SelectionFacet} from './runtime-selection.ts'
import type {ServingFacet} from './serving.ts'

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
