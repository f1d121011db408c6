import type {ProviderKind, ProviderKinds} from '../contracts/driver.ts'
import type {Logger} from '../io/log.ts'

/** One entry of `contexts:` in `~/.ome/config.yaml`. Keys that are provider ids hold that provider's settings. */
export interface Context {
  readonly name: string
  readonly cluster?: string | undefined
  readonly namespace?: string | undefined
  /** Commands may look, and nothing may be changed. */
  readonly protected?: boolean | undefined
  /** Provider id per kind in the plural: `{instances: incus, services: orca}`. */
  readonly providers?: Readonly<Record<string, string>> | undefined
  /** Who takes over machines that hold no data, and after how many milliseconds of silence. */
  readonly failover?: {readonly to: string; readonly after: number} | undefined
  readonly [providerSettings: string]: unknown
}

export interface Preferences {
  readonly 'default-runtime'?: string | undefined
  readonly 'auto-select-runtime'?: boolean | undefined
  readonly 'auto-scaling'?: boolean | undefined
  readonly 'monitoring-enabled'?: boolean | undefined
  readonly 'output-format'?: string | undefined
}

export interface OmniConfig {
  readonly 'current-context'?: string | undefined
  readonly contexts: readonly Context[]
  readonly preferences: Preferences
  readonly plugins: readonly {readonly name: string; readonly enabled: boolean}[]
  /** A text, split like a shell splits words (no expansion), or the words themselves. */
  readonly aliases: Readonly<Record<string, string | readonly string[]>>
}

/** A provider as declared in some plugin's `package.json`; nothing is imported to know it. */
export interface Contribution {
  readonly kind: ProviderKind
  readonly id: string
  readonly title: string
  /** Package that supplies it. */
  readonly plugin: string
  /** Absolute file of the module. */
  readonly module: string
  /** When none is named, the one with the highest number that passes `check()` is taken. Default 0. */
  readonly priority: number
  /** Only considered automatically when the context has this key (e.g. `cluster`). */
  readonly requires?: string | undefined
}

/** Everything a command run knows of its surroundings: configuration, context, drivers. */
export interface Session {
  /** `OMNI_HOME`, default `~/.ome`. */
  readonly home: string
  readonly configFile: string
  readonly config: OmniConfig
  readonly context: Context
  readonly namespace: string | undefined
  readonly log: Logger
  readonly contributions: readonly Contribution[]
  /** Opens the driver of a kind: the named one, else the context's, else the first that passes `check()`. */
  open<K extends ProviderKind>(kind: K, id?: string | undefined): Promise<ProviderKinds[K]>
  /** Every driver of a kind, opened without `check()`; one that cannot be loaded is an error in its place. */
  openAll<K extends ProviderKind>(
    kind: K,
  ): Promise<{readonly contribution: Contribution; readonly provider: ProviderKinds[K] | Error}[]>
}
