import type {ServiceSpec} from '../specs/service.ts'
import type {CallOptions, Collection, Health} from './collection.ts'
import type {EventFacet, ExecFacet, ForwardFacet, LogFacet} from './facets.ts'
import type {ServedModel} from './served-model.ts'
import type {DiagnosisFacet} from './serving.ts'

/** `degraded`: fewer ready replicas than wanted. `failed`: none can be kept alive. `stopped`: on purpose. */
export type ServiceStatus = 'running' | 'degraded' | 'deploying' | 'failed' | 'stopped'

export type ReplicaStatus = 'starting' | 'ready' | 'unready' | 'backoff' | 'stopping' | 'exited'

/** How a process ended: exactly one of `code` and `signal` is set, neither when nobody saw it. */
export interface ExitInfo {
  readonly code?: number | undefined
  readonly signal?: string | undefined
  /** RFC 3339. */
  readonly at: string
  readonly oomKilled?: boolean | undefined
}

export interface Replica {
  /** `<service>-<index>`, index from 0. Those of a canary have indexes of their own, and keep them when it is promoted. */
  readonly name: string
  readonly index: number
  readonly status: ReplicaStatus
  /** The release it runs. */
  readonly release: string
  readonly pid?: number | undefined
  /** Where the proxy finds it: `127.0.0.1:41234`. */
  readonly address?: string | undefined
  readonly startedAt?: string | undefined
  /** Restarts since the release began. */
  readonly restarts: number
  readonly node?: string | undefined
  /** Percent of one core. */
  readonly cpuPercent?: number | undefined
  readonly memoryBytes?: number | undefined
  readonly lastExit?: ExitInfo | undefined
}

/** Why the last start or deploy went wrong. */
export interface ServiceFailure {
  /** `CrashLoopBackOff`, `StartFailed`, `NotReady`, `BuildFailed`, `ImagePullError`, `LivenessFailed`, `OOMKilled`, … */
  readonly reason: string
  readonly message: string
  readonly exit?: ExitInfo | undefined
  readonly restarts: number
  readonly at: string
  /** Last output, at most 20 lines. */
  readonly lastLines: readonly string[]
}

/** A probed way in. */
export interface Endpoint {
  readonly url: string
  /** `local`: a loopback port of its own; `domain`: by host name through the proxy. */
  readonly via: 'local' | 'domain'
}

/** What the proxy has measured of one version since a canary began. */
export interface VersionMeasure {
  readonly version: 'stable' | 'canary'
  readonly release: string
  /** Ready replicas. */
  readonly replicas: number
  readonly requests: number
  /** Requests answered with 5xx or not at all. */
  readonly errors: number
  /** 95th percentile of the time to the head of the answer, in seconds; absent without requests. */
  readonly p95Seconds?: number | undefined
}

/** A new version that gets a share of the requests beside the one that serves. */
export interface Canary {
  readonly release: string
  /** Percent of the requests. */
  readonly weight: number
  readonly startedAt: string
  /** Stable first. */
  readonly measures: readonly VersionMeasure[]
  /** It is being measured, to be promoted or aborted by that. */
  readonly auto: boolean
  /** In words: why nothing is decided yet. */
  readonly reason?: string | undefined
}

/** How a canary ended. */
export interface CanaryVerdict {
  readonly verdict: 'promoted' | 'aborted'
  /** In words and figures. */
  readonly reason: string
  readonly service: Service
}

/** A service as observed. */
export interface Service {
  readonly name: string
  readonly project?: string | undefined
  readonly status: ServiceStatus
  /** The declared spec as the engine holds it; `${secrets.X}` unresolved. */
  readonly spec: ServiceSpec
  readonly desiredReplicas: number
  /** Replicas that are ready. */
  readonly runningReplicas: number
  /** The release that serves now. */
  readonly release?: string | undefined
  readonly endpoints: readonly Endpoint[]
  readonly replicas: readonly Replica[]
  /** While a canary runs. Its replicas are listed with their release; they do not count as running. */
  readonly canary?: Canary | undefined
  readonly lastFailure?: ServiceFailure | undefined
  /** Set when it serves a model; `spec` then holds only what such a service shares with applications. */
  readonly serving?: ServedModel | undefined
  /** When its cron triggers start it next, RFC 3339. */
  readonly nextRun?: string | undefined
  readonly createdAt?: string | undefined
  readonly updatedAt?: string | undefined
}

export type ReleaseStatus = 'deploying' | 'active' | 'canary' | 'superseded' | 'failed'

/** One deploy, kept for rollback. */
export interface Release {
  /** `r1`, `r2`, … per service. */
  readonly id: string
  readonly service: string
  readonly status: ReleaseStatus
  readonly spec: ServiceSpec
  readonly createdAt: string
  readonly actor?: string | undefined
  /** Why it was made: `deploy`, `rollback to r3`, `git push 1a2b3c4d`. */
  readonly reason: string
  readonly failure?: ServiceFailure | undefined
}

export interface ReleaseFacet {
  /** Newest first. */
  list(name: string, options?: CallOptions): Promise<Release[]>
  /** A rolling deploy of an old release; without `to`, of the one before. Resolves when it serves. */
  rollback(name: string, options?: CallOptions & {readonly to?: string | undefined}): Promise<Service>
}

/** Content-addressed source archives (gzipped tar), for services that are built from a folder. */
export interface ArtifactFacet {
  has(digest: string, options?: CallOptions): Promise<boolean>
  /** @param digest `sha256:<64 hex>` of the bytes; a mismatch is CONFLICT and nothing is kept. */
  put(digest: string, content: NodeJS.ReadableStream, options?: CallOptions): Promise<void>
}

/** A machine that runs replicas. */
export interface NodeInfo {
  readonly id: string
  readonly address: string
  readonly labels: Readonly<Record<string, string>>
  readonly draining: boolean
  readonly lastSeen: string
}

export interface NodeFacet {
  list(options?: CallOptions): Promise<NodeInfo[]>
  /** No new replicas are placed there; NOT_FOUND for an unknown id. */
  drain?(id: string, options?: CallOptions): Promise<NodeInfo>
  undrain?(id: string, options?: CallOptions): Promise<NodeInfo>
}

/** Canaries are begun by a deploy with the strategy canary. Verbs without a canary are CONFLICT. */
export interface CanaryFacet {
  /** All requests go to the canary's release; resolves when the old replicas are gone. */
  promote(name: string, options?: CallOptions): Promise<Service>
  /** The stable release serves alone again. */
  abort(name: string, options?: CallOptions): Promise<Service>
  /** Lets the proxy's measures decide; resolves when they have. */
  decide(name: string, options?: CallOptions): Promise<CanaryVerdict>
}

/** What one way in answered. */
export interface EndpointAnswer {
  readonly url: string
  /** An HTTP answer that means health, or an accepted connection. */
  readonly ok: boolean
  /** HTTP status; absent for TCP and when nothing answered. */
  readonly status?: number | undefined
  readonly ms: number
  /** Why nothing answered. */
  readonly error?: string | undefined
  /** Something worth a word: how it was asked. */
  readonly note?: string | undefined
}

/** Facts about the core methods, so that the planner stays pure. */
export interface ServiceTraits {
  /** Ways to give code that the engine can run. */
  readonly sources: readonly ('image' | 'command' | 'build')[]
  readonly labels: boolean
}

/** A service as a file declares it. */
export interface DeclaredService {
  readonly spec: ServiceSpec
  /** Absolute folder of that file. */
  readonly folder: string
}

/**
 * Runs replicated services. `create` and `update` are rolling deploys: they resolve only when the new version was
 * observed ready and reject with DEPLOY_FAILED (details: ServiceFailure) while the old version still serves.
 * `start`, `stop`, `restart` and `scale` are idempotent and resolve when the state was observed.
 */
export interface ServiceEngine extends Collection<ServiceSpec, Service> {
  readonly name: string
  readonly traits: ServiceTraits
  check(options?: CallOptions): Promise<Health>
  /** Starts an engine of this machine that does not run, before changes are planned. Absent: there is nothing to start. */
  wake?(options?: CallOptions): Promise<void>
  /**
   * Takes along what lies beside the files of the services and that they need (their secrets, say), before they are created
   * or updated. Absent: nothing is taken. Never replaces what the engine has; tells what it did.
   */
  beforeDeploy?(services: readonly DeclaredService[], options?: CallOptions): Promise<void>
  update(name: string, spec: ServiceSpec, options?: CallOptions): Promise<Service>
  start(name: string, options?: CallOptions): Promise<Service>
  stop(name: string, options?: CallOptions): Promise<Service>
  restart(name: string, options?: CallOptions): Promise<Service>
  scale(name: string, replicas: number, options?: CallOptions): Promise<Service>
  /**
   * Sends a request to each replica that takes some, for engines whose endpoints only answer inside of them. Absent, or resolves
   * undefined: the endpoints can be asked from here.
   */
  probe?(name: string, options?: CallOptions): Promise<readonly EndpointAnswer[] | undefined>
  readonly logs?: LogFacet | undefined
  readonly releases?: ReleaseFacet | undefined
  readonly artifacts?: ArtifactFacet | undefined
  readonly events?: EventFacet | undefined
  readonly exec?: ExecFacet | undefined
  readonly canary?: CanaryFacet | undefined
  readonly nodes?: NodeFacet | undefined
  readonly forward?: ForwardFacet | undefined
  readonly diagnosis?: DiagnosisFacet | undefined
}
