import type {ExitInfo, Health, LogLine, LogOptions, ServiceSpec} from '@omni-cli/sdk'

/** Wish for one replica. */
export interface InstanceRequest {
  readonly service: string
  readonly index: number
  /** Release id, `r3`. */
  readonly release: string
  readonly spec: ServiceSpec
  /** Complete environment of the service (secrets resolved, dependencies' addresses); PORT is added by the runtime. */
  readonly env: Readonly<Record<string, string>>
  /** What `prepare` returned for the release. */
  readonly prepared: PreparedRelease
}

/** A release made ready to start: unpacked and built, or an image that is there. */
export interface PreparedRelease {
  /** Folder (process) or image reference (containers). */
  readonly location: string
}

export interface PrepareRequest {
  readonly service: string
  readonly release: string
  readonly spec: ServiceSpec
  /** File of the source archive, when the spec has an artifact. */
  readonly archive: string | undefined
  readonly env: Readonly<Record<string, string>>
}

export interface PrepareOptions {
  readonly signal?: AbortSignal | undefined
  /** A line of build output, or a note. */
  readonly onOutput?: ((line: string) => void) | undefined
}

/** One replica as the runtime sees it; kept after its end until `remove`. */
export interface RuntimeInstance {
  /** Unique, never used twice. */
  readonly id: string
  readonly service: string
  readonly index: number
  readonly release: string
  readonly state: 'running' | 'exited'
  /** `127.0.0.1:41234`; absent when the service has no port. */
  readonly address?: string | undefined
  readonly pid?: number | undefined
  readonly startedAt: string
  readonly exit?: ExitInfo | undefined
}

export interface InstanceStats {
  /** Percent of one core since the reading before. */
  readonly cpuPercent: number
  readonly memoryBytes: number
}

export type RuntimeEvent =
  | {readonly type: 'exited'; readonly instance: RuntimeInstance}
  /** The runtime lost sight of things (it was restarted); list again. */
  | {readonly type: 'resync'}

/**
 * What runs replicas. Instances survive a restart of the caller: `list` finds them again.
 * Every method is safe to repeat; an unknown id is no error for `stop` and `remove`.
 */
export interface Runtime {
  readonly name: string
  /** Ways to give code that it runs. */
  readonly sources: readonly ('image' | 'command' | 'build')[]
  check(): Promise<Health>
  /** Why this spec cannot run here, one text a problem; empty when it can. Pure. */
  problems(spec: ServiceSpec): string[]
  /** Limits and fields that are accepted but cannot be enforced on this machine, for `warnings`. Pure. */
  warnings(spec: ServiceSpec): string[]
  prepare(request: PrepareRequest, options?: PrepareOptions): Promise<PreparedRelease>
  /** Forgets what `prepare` made for releases of the service that are not named. */
  prune(service: string, keepReleases: readonly string[]): Promise<void>
  /** Creates and starts; resolves when the process runs (not when it is ready). */
  create(request: InstanceRequest): Promise<RuntimeInstance>
  /** SIGTERM, grace, SIGKILL of the whole group; resolves when nothing of it runs. */
  stop(id: string, options: {readonly graceMs: number}): Promise<ExitInfo | undefined>
  /** Stops if needed and forgets; logs stay readable for the service. */
  remove(id: string): Promise<void>
  list(): Promise<RuntimeInstance[]>
  /** All replicas of a service, merged by time, also of instances that ended. */
  logs(service: string, options?: LogOptions): AsyncIterable<LogLine>
  /** Last lines of one instance, for failure reports. */
  lastLines(id: string, count: number): Promise<string[]>
  exec(
    id: string,
    argv: readonly string[],
    options: {readonly timeoutMs: number; readonly signal?: AbortSignal | undefined},
  ): Promise<{readonly exitCode: number; readonly output: string}>
  stats(): Promise<ReadonlyMap<string, InstanceStats>>
  /** Calls back for each event until the returned function is called. Events are not lost while subscribed. */
  subscribe(listener: (event: RuntimeEvent) => void): () => void
  /** Lets go of connections; instances go on running. */
  close(): Promise<void>
}
