import type {
  CanaryVerdict,
  ErrorCode,
  Health,
  LogLine,
  LogOptions,
  NodeInfo,
  OmniEvent,
  Release,
  Service,
  ServiceSpec,
} from '@omni-cli/sdk'
import type {LogFile} from '../logs/source.ts'
import type {ExecRequest, ExecSession} from '../runtimes/runtime.ts'
import type {TlsState} from './tls/tls-book.ts'

/** Who asks, for releases and events. */
export interface Actor {
  readonly name: string
  readonly role: 'admin' | 'deployer' | 'viewer'
}

export interface DeployOutcome {
  readonly deployed: readonly string[]
  readonly errors: readonly {
    readonly service: string
    /** Undefined for a fault of ours. */
    readonly code?: ErrorCode | undefined
    readonly message: string
    /** A ServiceFailure for DEPLOY_FAILED. */
    readonly details?: unknown
  }[]
  /** Fields that were accepted but cannot be enforced here. */
  readonly warnings: readonly string[]
}

export interface DeployRequestOptions {
  readonly actor: Actor
  readonly reason: string
  /** A service that exists already is a CONFLICT; decided under its lock. Default false. */
  readonly onlyNew?: boolean | undefined
  /**
   * Dependencies are an order and no more, as in Orca: one that is nowhere, or that depends on the service itself, is no
   * mistake. Default false.
   */
  readonly isTolerant?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((event: {readonly service: string; readonly note: string}) => void) | undefined
}

/**
 * Everything the HTTP API can ask of the orchestrator. Names and texts of Orca's wire stay in the API layer.
 * NOT_FOUND for an unknown service. All mutations of one service are serialised by one lock.
 */
export interface Control {
  readonly clusterName: string
  health(): Promise<Health>
  /** Deploys in dependency order, waits for each to be ready; a failed one fails its dependants, not the others. */
  deploy(specs: readonly ServiceSpec[], options: DeployRequestOptions): Promise<DeployOutcome>
  list(project?: string): Promise<Service[]>
  get(name: string): Promise<Service | undefined>
  scale(name: string, replicas: number, actor: Actor): Promise<Service>
  start(name: string, actor: Actor): Promise<Service>
  /** Keeps the spec and the releases; status `stopped`. */
  stop(name: string, actor: Actor): Promise<Service>
  /** Rolling; never fewer ready replicas than before. */
  restart(name: string, actor: Actor): Promise<Service>
  /** Stops and forgets everything but logs; with purge also volumes and logs. Absent is no error. */
  remove(name: string, options: {readonly actor: Actor; readonly purge: boolean}): Promise<void>
  releases(name: string): Promise<Release[]>
  /** Pulls or builds again: a new release of the same spec. */
  redeploy(name: string, options: {readonly actor: Actor; readonly reason: string}): Promise<Service>
  /** The canary takes over. CONFLICT without one. */
  promote(name: string, actor: Actor): Promise<Service>
  /** The stable release serves alone again. CONFLICT without a canary. */
  abortCanary(name: string, actor: Actor): Promise<Service>
  /** Lets the proxy's measures decide about the canary; resolves when they have. */
  decideCanary(
    name: string,
    options: {readonly actor: Actor; readonly signal?: AbortSignal | undefined},
  ): Promise<CanaryVerdict>
  /** With a canary it ends that; else a rolling deploy of the release before, or of `to`. */
  rollback(name: string, options: {readonly to?: string | undefined; readonly actor: Actor}): Promise<Service>
  /** A program inside of a replica (`web-1` or `1`; default: the first that is ready). CONFLICT when none runs. */
  exec(name: string, request: ExecRequest & {readonly replica?: string | undefined}): Promise<ExecSession>
  logs(name: string, options: LogOptions): AsyncIterable<LogLine>
  /** Files behind `logs`, for readers on this machine. Empty or absent: only `logs` knows. */
  logFiles?(name: string, replica?: string | undefined): Promise<readonly LogFile[]>
  events(options: {
    readonly since?: number | undefined
    readonly follow?: boolean | undefined
    readonly ref?: string | undefined
    readonly signal?: AbortSignal | undefined
  }): AsyncIterable<OmniEvent>
  nodes(): Promise<NodeInfo[]>
  /** Of the host names that are served, by name. */
  certificates(): readonly TlsState[]
  /** Prometheus text. */
  metrics(): Promise<string>
  hasArtifact(digest: string): Promise<boolean>
  /** CONFLICT when the bytes have another digest. */
  putArtifact(digest: string, content: AsyncIterable<Buffer>): Promise<void>
}
