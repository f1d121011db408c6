import {messageOf} from '@omni-cli/sdk'
import type {RuntimeInstance} from '../runtimes/runtime.ts'
import type {ControlContext} from './context.ts'
import {failureOf} from './failure.ts'
import {createAttempt} from './probes/attempt.ts'
import {planProbes} from './probes/probe-plan.ts'
import {addReplica, freeIndexes, type Version, versionOf} from './replicas.ts'
import type {ServiceRow} from './store/services.ts'

export interface AdoptionPlan {
  readonly services: readonly {
    readonly row: ServiceRow & {readonly release: string}
    readonly keep: readonly RuntimeInstance[]
    /** Indexes to start. */
    readonly missing: readonly number[]
  }[]
  /** Of no service, of another release, too many, or ended. */
  readonly remove: readonly RuntimeInstance[]
}

/** What to do with what runs, so that it becomes what is wanted. */
export function planAdoption(rows: readonly ServiceRow[], instances: readonly RuntimeInstance[]): AdoptionPlan {
  const services = rows.flatMap((row) => {
    const {release} = row
    if (row.state === 'stopped' || release === undefined) return []
    const fit = instances.filter(
      (instance) => instance.service === row.name && instance.release === release && instance.state === 'running',
    )
    const oldestFirst = fit.sort((a, b) => a.startedAt.localeCompare(b.startedAt) || a.index - b.index)
    const byIndex = new Map(oldestFirst.toReversed().map((instance) => [instance.index, instance]))
    const keep = [...byIndex.values()].sort((a, b) => a.index - b.index).slice(0, row.desired)
    const used = keep.map(({index}) => index)
    return [{row: {...row, release}, keep, missing: freeIndexes(used, row.desired - keep.length)}]
  })
  const kept = new Set(services.flatMap(({keep}) => keep.map(({id}) => id)))
  return {services, remove: instances.filter(({id}) => !kept.has(id))}
}

/**
 * At the start of the server: takes over what runs, without touching what is as wanted. Resolves when the proxy has the
 * table; what is missing is started and what is too much removed after that.
 */
export async function adopt(context: ControlContext): Promise<void> {
  const {store, runtime, fleet, edgeSync, log} = context
  failInterrupted(context)
  const plan = planAdoption(store.services.list(), await runtime.list())
  const kept = plan.services.flatMap((service) => {
    const version = versionOf(context, service.row.release, service.row.spec)
    return service.keep.map((instance) => ({version, instance}))
  })
  await Promise.all(
    kept.map(async ({version, instance}) => {
      const isReady = await seemsReady(context, version, instance)
      const replica = addReplica(context, version, {index: instance.index, failFast: false, inRotation: true})
      replica.adopt(instance, isReady)
      const exit = fleet.takeExit(instance.id)
      if (exit !== undefined) replica.exited(exit)
    }),
  )
  await edgeSync.publish().catch((error: unknown) => {
    log.debug('the proxy does not answer yet', {problem: messageOf(error)})
    edgeSync.publishSoon()
  })
  await settleListeners(context)
  for (const {row, missing} of plan.services) {
    const version = versionOf(context, row.release, row.spec)
    for (const index of missing) addReplica(context, version, {index, failFast: false, inRotation: true}).start()
  }
  for (const {id} of plan.remove) {
    runtime.remove(id).catch((error: unknown) => log.debug('not removed', {id, problem: messageOf(error)}))
  }
}

function failInterrupted({store, events}: ControlContext): void {
  const message = 'interrupted by a restart of the server'
  for (const {service, id} of store.releases.interrupted()) {
    store.durably(() => store.releases.setStatus(service, id, 'failed', failureOf('Interrupted', {message})))
    events.add({
      service,
      type: 'deploy.failed',
      message: `'${service}' ${id} failed: ${message}`,
      details: {release: id},
    })
  }
}

/** Gives another port to what somebody else has taken while the proxy was away, where we are free to choose. */
async function settleListeners({edgeSync, store, ports, shared}: ControlContext): Promise<void> {
  const lost = edgeSync.listeners().filter(({error}) => error !== undefined)
  for (const {service} of lost) {
    if (service === undefined) await shared.replace()
    const row = service === undefined ? undefined : store.services.get(service)
    if (row === undefined || row.spec.host_port !== undefined) continue
    const port = await ports.replace(row.name)
    store.durably(() => store.services.update(row.name, {port}))
  }
  if (lost.length > 0) await edgeSync.publish().catch(() => edgeSync.publishSoon())
}

const GLANCE_MS = 500

/** It served before, so only a clear no counts: a slow answer must not take it out of the table. */
async function seemsReady(context: ControlContext, {spec}: Version, instance: RuntimeInstance): Promise<boolean> {
  const attempt = createAttempt(context.runtime, instance)
  const asked = performance.now()
  const problems = await Promise.all(
    planProbes(spec).gate.map((probe) => attempt({...probe, timeoutMs: GLANCE_MS}, context.closing)),
  )
  return problems.every((problem) => problem === undefined) || performance.now() - asked >= GLANCE_MS
}
