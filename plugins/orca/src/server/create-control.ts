import type {DatabaseSync} from 'node:sqlite'
import {type Logger, silentLogger, sleep} from '@omni-cli/sdk'
import type {Edge} from '../edge/table.ts'
import type {Runtime} from '../runtimes/runtime.ts'
import {adopt} from './adopt.ts'
import {startAutoscaler} from './autoscale/autoscaler.ts'
import type {ControlContext} from './context.ts'
import type {Control} from './control.ts'
import {controlMethods} from './control-methods.ts'
import {createContext} from './create-context.ts'
import {startScheduler} from './cron/scheduler.ts'
import type {SecretResolver} from './secrets/secrets.ts'
import {stopAll} from './stop-all.ts'
import {openStore, type Store} from './store/store.ts'
import {defaultTiming, type Timing} from './timing.ts'

export interface ControlOptions {
  readonly home: string
  readonly runtime: Runtime
  readonly edge: Edge
  readonly clusterName: string
  readonly log?: Logger | undefined
  /** Address of the shared HTTP listener. Default: `OMNI_EDGE_HTTP`, else 127.0.0.1:8080 or the next free port. */
  readonly edgeHttp?: string | undefined
  /** Of the account at the ACME server that certificates are ordered from. Default: none are. */
  readonly acmeEmail?: string | undefined
  readonly timing?: Partial<Timing> | undefined
  /** What environments refer to. Default: the secrets of the store. */
  readonly secrets?: SecretResolver | undefined
  /** The open store of the home, closed with the control plane. Default: opened here. */
  readonly store?: Store | undefined
}

export type RunningControl = Control & {
  /** Deploys under way go back to the old version. Replicas run on, or end and run again at the next start. */
  close(workloads?: 'keep' | 'stop'): Promise<void>
  readonly database: DatabaseSync
}

/** How long the end of the server waits for mutations to go back. */
const CLOSE_MS = 15_000

/**
 * The orchestrator over a runtime and a proxy, which stay the caller's to close. Resolves when what ran before is taken
 * over and the proxy has its table. Rejects like `openDatabase`, and when the runtime does not answer.
 */
export async function createControl(options: ControlOptions): Promise<RunningControl> {
  const {store = openStore(options.home)} = options
  const closing = new AbortController()
  try {
    const context = await createContext({
      ...options,
      store,
      edgeHttp: options.edgeHttp ?? process.env.OMNI_EDGE_HTTP,
      timing: {...defaultTiming, ...options.timing},
      log: options.log ?? silentLogger,
      closing: closing.signal,
    })
    return await run(context, {closing, clusterName: options.clusterName})
  } catch (error) {
    closeStore(store)
    throw error
  }
}

async function run(
  context: ControlContext,
  {closing, clusterName}: {readonly closing: AbortController; readonly clusterName: string},
): Promise<RunningControl> {
  // What is not taken over yet would look like a stranger's.
  const adopted = Promise.withResolvers<void>()
  const unsubscribe = subscribe(context, adopted.promise)
  const stops = [unsubscribe]
  const letGo = async () => {
    for (const stop of stops) stop()
    for (const replica of context.fleet.all()) replica.abandon()
    await context.edgeSync.close()
    context.events.close()
  }
  const close = async (workloads: 'keep' | 'stop' = 'keep') => {
    closing.abort()
    const timeout = new AbortController()
    await Promise.race([context.locks.idle(), sleep(CLOSE_MS, timeout.signal).catch(() => undefined)])
    timeout.abort()
    if (workloads === 'stop') await stopAll(context)
    await letGo()
    closeStore(context.store)
  }
  try {
    await adopt(context)
    adopted.resolve()
    stops.push(startScheduler(context), startAutoscaler(context))
  } catch (error) {
    await letGo()
    throw error
  }
  return {...controlMethods(context, clusterName), close, database: context.store.database}
}

/** Events of the runtime and the proxy; returns what ends it. */
function subscribe(context: ControlContext, adopted: Promise<void>): () => void {
  const {runtime, edge, fleet} = context
  const unsubscribe = [
    runtime.subscribe((event) => {
      if (event.type === 'exited') return fleet.exited(event.instance)
      void adopted.then(() => context.resync(event.runtime))
    }),
    edge.onTargetFailure((address) => fleet.byAddress(address)?.doubt()),
  ]
  return () => {
    for (const end of unsubscribe) end()
  }
}

function closeStore(store: Store): void {
  if (store.database.isOpen) store.close()
}
