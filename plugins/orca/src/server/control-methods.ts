import {type NodeInfo, OmniError, type Release, type Service} from '@omni-cli/sdk'
import {decideCanary, readCounters, watchCanaries} from './canary/decide.ts'
import {canaryRow, endCanary} from './canary/end.ts'
import {promoteCanary} from './canary/promote.ts'
import type {ControlContext} from './context.ts'
import type {Control} from './control.ts'
import {deployAll} from './deploy/deploy.ts'
import {renderMetrics} from './metrics.ts'
import {thisHost} from './nodes/this-host.ts'
import {observeService} from './observe.ts'
import {openExec} from './open-exec.ts'
import {
  redeployService,
  removeService,
  restartService,
  rollbackService,
  scaleService,
  startService,
  stopService,
} from './operations.ts'
import {withOutlook} from './outlook.ts'
import type {ReleaseRow} from './store/releases.ts'
import type {ServiceRow} from './store/services.ts'

/** The contract, each part by the module that knows how. */
export function controlMethods(context: ControlContext, clusterName: string): Control {
  const {store, runtime, artifacts, events} = context
  const reader = createReader(context)
  void watchCanaries(context)
  const change = async (name: string, work: () => Promise<void>): Promise<Service> => {
    const workAndLook = async () => {
      await work()
      return await reader.get(name)
    }
    // Still with the lock: what the next operation does is not the outcome of this one.
    const service = await context.locks.run(name, workAndLook, {signal: context.closing})
    if (service === undefined) throw notFound(name)
    return service
  }
  return {
    clusterName,
    health: () => runtime.check(),
    deploy: (specs, options) => deployAll(context, specs, options),
    list: reader.list,
    get: reader.get,
    scale: (name, desired, actor) => change(name, () => scaleService(context, name, {desired, actor})),
    start: (name, actor) => change(name, () => startService(context, name, actor)),
    stop: (name, actor) => change(name, () => stopService(context, name, actor)),
    restart: (name, actor) => change(name, () => restartService(context, name, actor)),
    rollback: (name, options) => change(name, () => rollbackService(context, name, options)),
    redeploy: (name, options) => change(name, () => redeployService(context, name, options)),
    promote: (name, actor) => change(name, () => promoteCanary(context, name, {actor, reason: `by ${actor.name}`})),
    abortCanary: (name, actor) =>
      change(name, async () => {
        canaryRow(context, name, 'abort')
        await endCanary(context, name, {actor, reason: `by ${actor.name}`})
      }),
    decideCanary: (name, options) => decideCanary(context, name, {...options, observe: () => reader.get(name)}),
    async exec(name, target) {
      if (store.services.get(name) === undefined) throw notFound(name)
      return openExec(context, name, target)
    },
    remove: (name, options) => context.locks.run(name, () => removeService(context, name, options)),
    async releases(name) {
      if (store.services.get(name) === undefined) throw notFound(name)
      return store.releases.list(name).map(publicRelease)
    },
    async *logs(name, options) {
      if (store.services.get(name) === undefined) throw notFound(name)
      yield* runtime.logs(name, options)
    },
    async logFiles(name, replica) {
      if (store.services.get(name) === undefined) throw notFound(name)
      return (await runtime.logFiles?.(name, replica)) ?? []
    },
    events: (options) => events.read(options),
    nodes: async () => [thisNode()],
    certificates: () => context.tls.state(),
    async metrics() {
      const edge = await context.edge.stats().catch(() => [])
      const [services, certificates] = [await reader.list(), context.tls.state()]
      return renderMetrics({services, nodes: 1, edge, restarts: context.fleet.restarts, certificates})
    },
    hasArtifact: (digest) => artifacts.has(digest),
    putArtifact: (digest, content) => artifacts.put(digest, content),
  }
}

/** Pictures of services: one query and one reading of the runtime, however many there are. */
function createReader(context: ControlContext) {
  const {store, fleet, edgeSync, readStats} = context
  const observe = async (rows: readonly ServiceRow[]): Promise<Service[]> => {
    const stats = await readStats()
    const failures = store.releases.lastFailures()
    const listeners = edgeSync.listeners()
    const counters = rows.some(({canary}) => canary !== undefined) ? await readCounters(context) : undefined
    const pictures = rows.map((row) =>
      observeService({
        row,
        replicas: fleet.of(row.name),
        isDeploying: fleet.deploying.has(row.name),
        failure: fleet.failures.get(row.name) ?? failures.get(row.name),
        stats,
        listeners,
        counters,
      }),
    )
    return pictures.map((service) => withOutlook(context, service))
  }
  return {
    list: (project?: string) =>
      observe(store.services.list().filter(({spec}) => project === undefined || spec.project === project)),
    async get(name: string) {
      const row = store.services.get(name)
      return row === undefined ? undefined : (await observe([row]))[0]
    },
  }
}

const notFound = (name: string): OmniError =>
  new OmniError('NOT_FOUND', `service '${name}' not found`, {hint: 'omni get services'})

const publicRelease = ({number: _, ...release}: ReleaseRow): Release => release

const thisNode = (): NodeInfo => ({
  id: thisHost(),
  address: 'localhost',
  labels: {role: 'master'},
  draining: false,
  lastSeen: new Date().toISOString(),
})
