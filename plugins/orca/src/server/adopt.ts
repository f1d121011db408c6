import {messageOf, retry} from '@omni-cli/sdk'
import type {RuntimeInstance} from '../runtimes/runtime.ts'
import type {ControlContext} from './context.ts'
import {failureOf} from './failure.ts'
import {createAttempt} from './probes/attempt.ts'
import {planProbes} from './probes/probe-plan.ts'
import {addReplica, freeIndexes, type Version, versionOf} from './replicas.ts'
import {dependenciesStarted} from './start-order.ts'
import type {ServiceRow} from './store/services.ts'

export interface ServiceAdoption {
  readonly row: ServiceRow & {readonly release: string}
  readonly keep: readonly RuntimeInstance[]
  /** Indexes to start. */
  readonly missing: readonly number[]
}

export interface AdoptionPlan {
  readonly services: readonly ServiceAdoption[]
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
  const removals = plan.remove.map((instance) => ({service: instance.service, done: removeExtra(context, instance)}))
  for (const service of plan.services) {
    const removed = removals.filter((removal) => removal.service === service.row.name).map(({done}) => done)
    startMissing(context, service, Promise.all(removed))
  }
}

/** Starts after what it depends on; at once when that runs. With the strategy `recreate`, when nothing else of it runs. */
function startMissing(context: ControlContext, {row, missing}: ServiceAdoption, removed: Promise<unknown>): void {
  const version = versionOf(context, row.release, row.spec)
  const replicas = missing.map((index) => addReplica(context, version, {index, failFast: false, inRotation: true}))
  const start = async () => {
    if (row.spec.deploy?.strategy === 'recreate') await removed
    await dependenciesStarted(context, row)
    for (const replica of replicas) if (!replica.isEnded) replica.start()
  }
  start().catch((error: unknown) => context.log.debug('not started', {service: row.name, problem: messageOf(error)}))
}

const EXTRA_DRAIN_MS = 5000

/** The table is without it by now, but requests may be under way in it. */
async function removeExtra({runtime, edge, log, closing}: ControlContext, instance: RuntimeInstance): Promise<void> {
  const {id, address, state} = instance
  const remove = async () => {
    if (state === 'running' && address !== undefined) await edge.drained(address, EXTRA_DRAIN_MS).catch(() => false)
    await runtime.remove(id)
  }
  await retry({attempts: 8, baseMs: 100, maxMs: 5000, signal: closing, when: () => true}, remove).catch((error) =>
    log.debug('not removed', {id, problem: messageOf(error)}),
  )
}

function failInterrupted({store, events, log}: ControlContext): void {
  const message = 'interrupted by a restart of the server'
  for (const {service, id} of store.releases.interrupted()) {
    const text = `'${service}' ${id} failed: ${message}`
    try {
      store.durably(() => store.releases.setStatus(service, id, 'failed', failureOf('Interrupted', {message})))
      events.add({service, type: 'deploy.failed', message: text, details: {release: id}})
    } catch (error) {
      // On a full disk what runs is taken over all the same.
      log.debug('release not marked', {service, release: id, problem: messageOf(error)})
    }
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
