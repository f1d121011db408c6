import type {z} from 'zod'
import type {ZodMiniType} from 'zod/mini'
import type {Exec} from '../io/exec.ts'
import type {Http} from '../io/http.ts'
import type {Logger} from '../io/log.ts'
import type {ClusterProvider} from './cluster.ts'
import type {InstanceProvider} from './instance-provider.ts'
import type {ModelCatalog} from './model-catalog.ts'
import type {ModelSource} from './model-source.ts'
import type {ObjectApi} from './objects.ts'
import type {ServiceEngine} from './service-engine.ts'

/** What a driver gets from its host. Retry, deadlines, redaction and debug logs live in `http` and `exec`. */
export interface DriverContext {
  /** Folder of omni's own files (`OMNI_HOME`, default `~/.ome`); exists, 0700. */
  readonly home: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Name of the context in use. */
  readonly context: string
  readonly namespace: string | undefined
  /** `cluster:` of the context: a context of the kubeconfig. */
  readonly cluster?: string | undefined
  /** The context is `protected: true`: a driver must refuse what would change anything, with FORBIDDEN. */
  readonly isProtected?: boolean | undefined
  readonly http: Http
  readonly exec: Exec
  readonly log: Logger
  /** Something a person should know now ("started the engine"); goes to stderr. */
  readonly notice: (text: string) => void
  /** Asks a person yes or no, before something that needs consent. Absent, or false: nobody can be asked. */
  readonly confirm?: ((question: string) => Promise<boolean>) | undefined
}

/** Contract served by each kind of provider. */
export interface ProviderKinds {
  readonly instance: InstanceProvider
  readonly service: ServiceEngine
  readonly catalog: ModelCatalog
  readonly source: ModelSource
  readonly cluster: ClusterProvider
  readonly object: ObjectApi
}

export type ProviderKind = keyof ProviderKinds

/** What the module of a provider exports as its default. */
export interface ProviderDefinition<K extends ProviderKind = ProviderKind, Settings = unknown> {
  readonly kind: K
  /** Same id as in the `omni` block of `package.json`; also the key of its settings in a context. */
  readonly id: string
  /** A schema of zod, or of its small twin `zod/mini`, which keeps the start of `omni status` short. */
  readonly settings: z.ZodType<Settings> | ZodMiniType<Settings>
  create(context: DriverContext, settings: Settings): ProviderKinds[K] | Promise<ProviderKinds[K]>
}

/** Types the definition of a provider. */
export const defineProvider = <K extends ProviderKind, Settings>(
  definition: ProviderDefinition<K, Settings>,
): ProviderDefinition<K, Settings> => definition
