import type {Logger} from '@omni-cli/sdk'
import type {Edge} from '../edge/table.ts'
import type {Runtime} from '../runtimes/runtime.ts'
import type {Artifacts} from './artifacts.ts'
import type {CanaryEnds} from './canary/ends.ts'
import type {EdgeSync} from './edge-sync.ts'
import type {EventLog} from './events.ts'
import type {Fleet} from './fleet.ts'
import type {Locks} from './lock.ts'
import type {PortBook} from './ports.ts'
import type {ReplicaHost} from './replica-host.ts'
import type {SecretResolver} from './secrets/secrets.ts'
import type {SharedListener} from './shared-listener.ts'
import type {StatsReader} from './stats.ts'
import type {Store} from './store/store.ts'
import type {Timing} from './timing.ts'
import type {TlsBook} from './tls/tls-book.ts'

/** Parts of the orchestrator, made once and handed to its functions. */
export interface ControlContext {
  readonly home: string
  readonly runtime: Runtime
  readonly edge: Edge
  readonly edgeSync: EdgeSync
  readonly store: Store
  readonly fleet: Fleet
  readonly host: ReplicaHost
  readonly events: EventLog
  readonly artifacts: Artifacts
  readonly ports: PortBook
  /** One lock a service; every mutation holds it. */
  readonly locks: Locks
  /** Replicas of one service that are started at once. */
  readonly width: number
  readonly shared: SharedListener
  readonly tls: TlsBook
  /** Something could not be done to the service; it is brought to what is wanted a little later. */
  readonly mendSoon: (service: string) => void
  /** A runtime (default: each) may have things that nobody knows; what it has is compared with what is wanted. */
  readonly resync: (runtime?: string) => void
  /** Fills in what environments refer to, at each start of a replica. */
  readonly secrets: SecretResolver
  readonly readStats: StatsReader
  readonly canaries: CanaryEnds
  readonly timing: Timing
  readonly log: Logger
  /** Aborted when the server stops: deploys under way go back to the old version. */
  readonly closing: AbortSignal
}
