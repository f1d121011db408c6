import {availableParallelism} from 'node:os'
import {join} from 'node:path'
import type {Logger} from '@omni-cli/sdk'
import type {Edge} from '../edge/table.ts'
import type {Runtime} from '../runtimes/runtime.ts'
import {createArtifacts} from './artifacts.ts'
import {createCanaryEnds} from './canary/ends.ts'
import {bySide} from './canary/share.ts'
import type {ControlContext} from './context.ts'
import {createEdgeSync} from './edge-sync.ts'
import {createEventLog} from './events.ts'
import {Fleet, isServing} from './fleet.ts'
import {healUnhealthy} from './heal.ts'
import {lastTargets} from './last-targets.ts'
import {createLocks} from './lock.ts'
import {mendSoon} from './mend.ts'
import {createPortBook} from './ports.ts'
import type {Replica} from './replica.ts'
import {createResync} from './resync.ts'
import {edgeTable, type RoutedService} from './routes.ts'
import {createSecretStore} from './secrets/secret-store.ts'
import type {SecretResolver} from './secrets/secrets.ts'
import {chooseSharedListener} from './shared-listener.ts'
import {createStatsReader} from './stats.ts'
import type {ServiceRow} from './store/services.ts'
import type {Store} from './store/store.ts'
import type {Timing} from './timing.ts'
import {openTls} from './tls/open-tls.ts'

export interface ContextOptions {
  readonly home: string
  readonly runtime: Runtime
  readonly edge: Edge
  readonly store: Store
  readonly edgeHttp: string | undefined
  readonly acmeEmail?: string | undefined
  /** Default: those of the store. */
  readonly secrets?: SecretResolver | undefined
  readonly timing: Timing
  readonly log: Logger
  readonly closing: AbortSignal
}

/** Services that are changed at the same time. */
const PARALLEL_SERVICES = 16

/** Puts the parts together; nothing runs yet. */
export async function createContext(options: ContextOptions): Promise<ControlContext> {
  const {home, runtime, edge, store, timing, log, closing} = options
  const {secrets = createSecretStore({database: store.database, home})} = options
  const fleet = new Fleet()
  const shared = await chooseSharedListener(store.settings, options.edgeHttp)
  const keepTargets = lastTargets(home)
  // What the last table said, since most changes of a replica do not concern the proxy.
  let routed = new Map<Replica, string | undefined>()
  const table = () => {
    routed = new Map(fleet.all().map((replica) => [replica, routeTo(replica)]))
    const rows = store.services.list()
    const routes = rows.map((row) => routedService(row, fleet))
    const {http, services} = edgeTable(shared.address(), routes)
    const kept = services.map((service) => keepTargets(service, fleet))
    return {http, services: kept, ...tls.tableFor(rows.map(({spec}) => spec))}
  }
  const edgeSync = createEdgeSync(edge, table, {log, checkMs: timing.edgeCheckMs})
  const events = createEventLog(store.events, log)
  const {settings} = store
  const [publish, tell] = [() => edgeSync.publish(), events.add]
  const tls = openTls({home, acmeEmail: options.acmeEmail, settings, shared, publish, tell, log, closing})
  const context: ControlContext = {
    home,
    runtime,
    edge,
    edgeSync,
    store,
    fleet,
    host: {
      changed: (replica) => {
        if (routed.get(replica) !== routeTo(replica)) edgeSync.publishSoon()
      },
      tell: (replica, type, message, details) => {
        const {service, release} = replica.plan
        events.add({service, type, message, details: {...details, replica: replica.name, release}})
      },
      runtime,
      timing,
      secrets,
      restarted: ({plan: {service}}) => fleet.restarts.set(service, (fleet.restarts.get(service) ?? 0) + 1),
      lostSight: () => context.resync(),
      takeExit: (id) => fleet.takeExit(id),
      unhealthy: (replica) => healUnhealthy(context, replica),
    },
    events,
    artifacts: createArtifacts(join(home, 'engine', 'artifacts')),
    ports: createPortBook(store.services, (name) => edgeSync.lost(name) !== undefined),
    shared,
    tls: tls.book,
    mendSoon: (service) => mendSoon(context, service),
    resync: (name) => resync(name),
    secrets,
    readStats: createStatsReader(runtime, {maxAgeMs: timing.statsMs, log}),
    canaries: createCanaryEnds(),
    locks: createLocks(PARALLEL_SERVICES),
    width: availableParallelism() * 2,
    timing,
    log,
    closing,
  }
  const resync = createResync(context)
  return context
}

/** Hosts and paths are those of the newest version that gets requests; of a canary only when it is alone. */
function routedService(row: ServiceRow, fleet: Fleet): RoutedService {
  const inRotation = fleet.of(row.name).filter((replica) => replica.inRotation)
  return {
    spec: (bySide(inRotation, row.canary).stable.at(-1) ?? inRotation.at(-1))?.plan.spec ?? row.spec,
    port: row.port,
    replicas: inRotation.map((replica) => ({address: routeTo(replica), release: replica.plan.release})),
    canary: row.canary,
  }
}

/** Where requests to the replica go now. */
const routeTo = (replica: Replica): string | undefined => (isServing(replica) ? replica.instance?.address : undefined)
