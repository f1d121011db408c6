import type {DatabaseSync} from 'node:sqlite'
import {aborted, formatDuration, type NodeInfo, OmniError, type Service, type ServiceSpec} from '@omni-cli/sdk'
import type {Problem} from '../deploy/plan.ts'
import {createNodeStore, type NodeStore, type RemoteRow, toStatus} from '../store/nodes.ts'
import {type AgentCommand, deployCommand} from './agent-command.ts'
import {nodeIdOf} from './node-id.ts'
import {observeRemote} from './observe-remote.ts'
import {choosePlace} from './placement.ts'
import {thisHost} from './this-host.ts'

export interface Registration {
  readonly id: string
  readonly address: string
  readonly labels: Readonly<Record<string, string>>
}

export interface RemoteDeploy {
  readonly signal?: AbortSignal | undefined
  readonly note?: ((text: string) => void) | undefined
}

/** The machines of the cluster, and the services that other machines than this one run. */
export interface NodeBook {
  /** This machine first. */
  list(): NodeInfo[]
  /** Adds or renews a node; it takes services again if it was drained. CONFLICT for the id of this machine. */
  register(node: Registration): void
  /** What an agent tells; the answer is what it has to do. Nothing for a node that is not registered. */
  heartbeat(id: string, workloads: readonly {readonly service_name: string; readonly status: string}[]): AgentCommand[]
  /** Whether new services are placed there, kept over restarts. Undefined when unknown. */
  setDraining(id: string, draining: boolean): NodeInfo | undefined
  /** Why a service fits nowhere. */
  placementProblem(spec: ServiceSpec): Problem | undefined
  /** True when its placement leads to another machine. */
  isRemote(spec: ServiceSpec): boolean
  /**
   * Gives the service to its node and resolves when that has reported it running. DEPLOY_FAILED when it reports a
   * failure, TIMEOUT after `ready_timeout_secs`, CONFLICT while another deploy of it is under way.
   */
  deployRemote(spec: ServiceSpec, options?: RemoteDeploy): Promise<void>
  services(): Service[]
  service(name: string): Service | undefined
  /** Forgets a service. UNSUPPORTED while its node reports it running: agents cannot stop. */
  forget(name: string): void
}

export interface NodeBookOptions {
  /** Of this machine; its id follows from it. Default: the host name. */
  readonly name?: string | undefined
  /** Further labels of this machine. */
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** Fills in references to secrets. Default: a spec with such references is refused. */
  readonly environment?: ((spec: ServiceSpec) => Readonly<Record<string, string>>) | undefined
}

/** A deploy that waits for a heartbeat. */
interface Waiting {
  readonly node: string
  readonly command: AgentCommand
  isHandedOut: boolean
  readonly settle: (failure?: OmniError) => void
}

const DEFAULT_READY_SECS = 60

/** Nodes in the given database. */
export function createNodeBook(database: DatabaseSync, options: NodeBookOptions = {}): NodeBook {
  const store = createNodeStore(database)
  const localId = nodeIdOf(options.name ?? thisHost())
  const waiting = new Map<string, Waiting>()
  const list = (): NodeInfo[] => {
    const local = {
      id: localId,
      address: 'localhost',
      labels: {...options.labels, role: 'master'},
      draining: store.get(localId)?.draining ?? false,
      lastSeen: new Date().toISOString(),
    }
    return [local, ...store.list().filter(({id}) => id !== localId)]
  }
  const place = (spec: ServiceSpec) => choosePlace(spec, list(), store.remote(spec.name)?.node)
  const observe = (row: RemoteRow) => observeRemote(row, store.get(row.node))

  return {
    list,
    register({id, address, labels}) {
      if (id === localId) throw new OmniError('CONFLICT', `${id} is the id of this machine`)
      store.put({id, address, labels, lastSeen: new Date().toISOString(), draining: false})
    },
    heartbeat(id, workloads) {
      const node = store.get(id)
      if (node === undefined || id === localId) return []
      store.put({...node, lastSeen: new Date().toISOString()})
      const reported = new Map(workloads.map(({service_name, status}) => [service_name, toStatus(status)]))
      for (const row of store.remotes()) if (row.node === id) takeReport(store, row, reported, waiting.get(row.name))
      const due = [...waiting.values()].filter((one) => one.node === id && !one.isHandedOut)
      for (const one of due) one.isHandedOut = true
      return due.map(({command}) => command)
    },
    setDraining(id, draining) {
      const node = list().find((one) => one.id === id)
      if (node !== undefined) store.put({...node, draining})
      return node === undefined ? undefined : {...node, draining}
    },
    placementProblem(spec) {
      const found = place(spec)
      return found.kind === 'none' ? found.problem : undefined
    },
    isRemote: (spec) => place(spec).kind === 'remote',
    deployRemote: (spec, call = {}) =>
      deployRemote({store, waiting, place, environment: options.environment}, spec, call),
    services: () => store.remotes().map(observe),
    service(name) {
      const row = store.remote(name)
      return row === undefined ? undefined : observe(row)
    },
    forget(name) {
      const row = store.remote(name)
      if (row !== undefined && observe(row).runningReplicas > 0) throw agentCannot(name, store.get(row.node), 'stop')
      store.removeRemote(name)
    },
  }
}

/** An agent of Orca knows one command. */
export const agentCannot = (name: string, node: Pick<NodeInfo, 'address'> | undefined, verb: string): OmniError =>
  new OmniError(
    'UNSUPPORTED',
    `'${name}' runs on node '${node?.address ?? 'unknown'}', whose agent can deploy but not ${verb}: do it on that machine`,
    {hint: 'omni node list'},
  )

/** A service that an agent does not name does not run there. */
function takeReport(
  store: NodeStore,
  row: RemoteRow,
  reported: ReadonlyMap<string, RemoteRow['status']>,
  deploy: Waiting | undefined,
): void {
  const isNew = deploy?.isHandedOut === false || (deploy !== undefined && !reported.has(row.name))
  const status = reported.get(row.name) ?? (isNew ? 'pending' : 'stopped')
  const updatedAt = status === row.status ? row.updatedAt : new Date().toISOString()
  store.putRemote({...row, status, everRan: row.everRan || (status === 'running' && !isNew), updatedAt})
  if (deploy === undefined || isNew) return
  if (status === 'running') deploy.settle()
  if (status === 'failed') {
    deploy.settle(
      new OmniError('DEPLOY_FAILED', `the node reports that '${row.name}' failed`, {hint: 'omni node list'}),
    )
  }
}

interface Surroundings {
  readonly store: NodeStore
  readonly waiting: Map<string, Waiting>
  readonly place: (spec: ServiceSpec) => ReturnType<typeof choosePlace>
  readonly environment: NodeBookOptions['environment']
}

async function deployRemote(book: Surroundings, spec: ServiceSpec, {signal, note}: RemoteDeploy): Promise<void> {
  const {store, waiting, place} = book
  const {name} = spec
  if (waiting.has(name)) throw new OmniError('CONFLICT', `'${name}' is being deployed already`)
  if (signal?.aborted) throw aborted(signal)
  const found = place(spec)
  if (found.kind !== 'remote') throw new Error(`'${name}' is for this machine`)
  const {node} = found
  const command = deployCommand(spec, book.environment)
  const before = store.remote(name)
  const now = new Date().toISOString()
  const row: RemoteRow = {name, node: node.id, spec, status: 'pending', everRan: false, createdAt: now, updatedAt: now}
  store.putRemote(before === undefined ? row : {...row, createdAt: before.createdAt})
  note?.(`waiting for node ${node.address}`)
  const outcome = Promise.withResolvers<void>()
  const settle = (failure?: OmniError) => (failure === undefined ? outcome.resolve() : outcome.reject(failure))
  const entry: Waiting = {node: node.id, command, isHandedOut: false, settle}
  const timeoutMs = (spec.deploy?.ready_timeout_secs ?? DEFAULT_READY_SECS) * 1000
  const late = () =>
    settle(
      new OmniError(
        'TIMEOUT',
        `node '${node.address}' did not report '${name}' running within ${formatDuration(timeoutMs)}`,
      ),
    )
  const timer = setTimeout(late, timeoutMs)
  const abort = () => settle(aborted(signal))
  signal?.addEventListener('abort', abort, {once: true})
  waiting.set(name, entry)
  try {
    await outcome.promise
  } catch (error) {
    // The agent has not heard of it: everything is as it was.
    if (!entry.isHandedOut) restore(store, name, before)
    throw error
  } finally {
    waiting.delete(name)
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}

function restore(store: NodeStore, name: string, before: RemoteRow | undefined): void {
  if (before === undefined) store.removeRemote(name)
  else store.putRemote(before)
}
