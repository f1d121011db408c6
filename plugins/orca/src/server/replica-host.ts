import type {ExitInfo, ServiceSpec} from '@omni-cli/sdk'
import type {PreparedRelease, Runtime, RuntimeInstance} from '../runtimes/runtime.ts'
import type {CrashRecord} from './crash-record.ts'
import type {Replica} from './replica.ts'
import type {SecretResolver} from './secrets/secrets.ts'
import type {Timing} from './timing.ts'

/** What a replica runs. */
export interface ReplicaPlan {
  readonly service: string
  readonly index: number
  readonly release: string
  readonly spec: ServiceSpec
  /** References to secrets are filled in at each start. */
  readonly env: Readonly<Record<string, string>>
  /** The release made ready; asked again at each start, so it should remember. */
  readonly prepare: () => Promise<PreparedRelease>
}

/** Surroundings of a replica. */
export interface ReplicaHost {
  readonly runtime: Runtime
  readonly timing: Timing
  readonly secrets: SecretResolver
  /** The exit of an instance that was reported before `create` returned it. */
  takeExit(id: string): RuntimeInstance | undefined
  /** It takes a new start, after a failure. */
  restarted(replica: Replica): void
  /** An instance may run that nobody knows. */
  lostSight(): void
  /** Something that routes or status show has changed. */
  changed(replica: Replica): void
  tell(replica: Replica, type: string, message: string, details?: Readonly<Record<string, unknown>>): void
  /** The liveness probe fails; whoever is responsible replaces it. */
  unhealthy(replica: Replica): void
}

export interface ReplicaOptions {
  /** In a deploy: gives up when it crashes repeatedly or is not ready in time, instead of trying for ever. */
  readonly failFast: boolean
  /** Whether it may get requests as soon as it is ready. */
  readonly inRotation: boolean
  /** Of the one whose place it takes. Default: none. */
  readonly history?: CrashRecord | undefined
  /** It runs once: it is neither probed nor started again, and its end is told. Default: it is kept alive. */
  readonly onEnd?: ((end: RunEnd) => void) | undefined
}

/** How a replica that runs once has ended. */
export interface RunEnd {
  /** Undefined when it could not be started. */
  readonly exit: ExitInfo | undefined
  /** `exited with code 1` */
  readonly message: string
  readonly tookMs: number
  /** The last 20. */
  readonly lastLines: readonly string[]
}
