import type {ExitInfo, Health, LogLine, LogOptions, ServiceSpec, TerminalSize} from '@omni-cli/sdk'
import type {LogFile} from '../logs/source.ts'

/** Wish for one replica. */
export interface InstanceRequest {
  readonly service: string
  readonly index: number
  /** Release id, `r3`. */
  readonly release: string
  readonly spec: ServiceSpec
  /** Complete environment of the service (secrets filled in, dependencies' addresses); PORT is added by the runtime. */
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
  /** Fetch and build again although it was done before: the tag or the branch may have moved. */
  readonly isForced?: boolean | undefined
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
  /** Made by an Orca server: taken over by the first deploy of its service, else left alone. Its `release` is ''. */
  readonly isForeign?: boolean | undefined
}

/** A program to run inside of an instance, with its streams. */
export interface ExecRequest {
  readonly argv: readonly string[]
  /** A terminal of this size; stdout and stderr come as one. */
  readonly terminal?: TerminalSize | undefined
}

export interface ExecSession {
  /** Ends when the program has closed its outputs. */
  readonly output: AsyncIterable<{readonly stream: 'stdout' | 'stderr'; readonly chunk: Buffer}>
  /** Resolves when more can be taken. */
  write(chunk: Buffer): Promise<void>
  endInput(): void
  resize(size: TerminalSize): Promise<void>
  /** The program's own status; 126 and 127 as in a shell when it cannot be started, 128 + n for a signal. */
  readonly exitCode: Promise<number>
  /** Ends the program when it still runs; safe to repeat. */
  close(): Promise<void>
}

export interface InstanceStats {
  /** Percent of one core since the reading before. */
  readonly cpuPercent: number
  readonly memoryBytes: number
}

export type RuntimeEvent =
  | {readonly type: 'exited'; readonly instance: RuntimeInstance}
  /** The runtime lost sight of things (it was restarted, or answers again); list again. */
  | {readonly type: 'resync'; readonly runtime?: string | undefined}

/** One of the runtimes that a composite is made of. */
export interface RuntimePart {
  readonly runtime: Runtime
  runs(spec: ServiceSpec): boolean
  owns(id: string): boolean
}

/**
 * What runs replicas. Instances survive a restart of the caller: `list` finds them again.
 * Every method is safe to repeat; an unknown id is no error for `stop` and `remove`.
 */
export interface Runtime {
  readonly name: string
  /** Ways to give code that it runs. */
  readonly sources: readonly ('image' | 'command' | 'build')[]
  /** When it is made of several: those in use now. Each answers, or does not, for its own. */
  parts?(): readonly RuntimePart[]
  check(): Promise<Health>
  /** UNAVAILABLE, with what to do about it, when nothing here can run the spec now. Absent: it always can. */
  requireFor?(spec: ServiceSpec): Promise<void>
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
  /** UNAVAILABLE when what runs them does not answer. */
  list(): Promise<RuntimeInstance[]>
  /** Whether a foreign instance is what the request asks for; nothing is done to it. */
  isAsAsked?(id: string, request: InstanceRequest): Promise<boolean>
  /** Takes over a foreign instance when it is what the request asks for; undefined when it is not. */
  takeOver?(id: string, request: InstanceRequest): Promise<RuntimeInstance | undefined>
  /** Forgets ended instances of a service that are kept for their logs; its volumes stay. */
  forgetEnded?(service: string): Promise<void>
  /** Forgets all data of a service: volumes and logs. Absent ones are no error. */
  purge(service: string): Promise<void>
  /** All replicas of a service, merged by time, also of instances that ended. */
  logs(service: string, options?: LogOptions): AsyncIterable<LogLine>
  /** Files behind `logs` (of all replicas, or one), for readers on this machine. Empty or absent: only `logs` knows. */
  logFiles?(service: string, replica?: string | undefined): Promise<readonly LogFile[]>
  /** Last lines of one instance, for failure reports. */
  lastLines(id: string, count: number): Promise<string[]>
  exec(
    id: string,
    argv: readonly string[],
    options: {readonly timeoutMs: number; readonly signal?: AbortSignal | undefined},
  ): Promise<{readonly exitCode: number; readonly output: string}>
  /** A program with its streams, for a person or a pipe. */
  open(id: string, request: ExecRequest): Promise<ExecSession>
  stats(): Promise<ReadonlyMap<string, InstanceStats>>
  /** Calls back for each event until the returned function is called. Events are not lost while subscribed. */
  subscribe(listener: (event: RuntimeEvent) => void): () => void
  /** Lets go of connections; instances go on running. */
  close(): Promise<void>
}
