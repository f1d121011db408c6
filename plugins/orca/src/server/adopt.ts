import {isOmniError, messageOf, retry, strategyOf} from '@omni-cli/sdk'
import {partsOf} from '../runtimes/all-runtimes.ts'
import type {RuntimeInstance, RuntimePart} from '../runtimes/runtime.ts'
import {wantedSides} from './canary/share.ts'
import type {ControlContext} from './context.ts'
import {adoptRun} from './cron/run.ts'
import {isScheduled} from './cron/triggers.ts'
import {failureOf} from './failure.ts'
import {seemsReady} from './probes/glance.ts'
import {addReplica, freeIndexes, versionOf} from './replicas.ts'
import {dependenciesStarted} from './start-order.ts'
import type {ServiceRow} from './store/services.ts'

export interface ServiceAdoption {
  readonly row: ServiceRow & {readonly release: string}
  readonly keep: readonly RuntimeInstance[]
  /** Indexes to start. */
  readonly missing: readonly number[]
  /** What its cron triggers have started; also when it has ended, and nobody was told. */
  readonly run?: RuntimeInstance | undefined
}

export interface AdoptionPlan {
  readonly services: readonly ServiceAdoption[]
  /** Of no service, of another release, too many, or ended. */
  readonly remove: readonly RuntimeInstance[]
}

/**
 * What to do with what runs, so that it becomes what is wanted. What an Orca server made is left alone.
 * @param isRun whether cron triggers have started it
 */
export function planAdoption(
  rows: readonly ServiceRow[],
  found: readonly RuntimeInstance[],
  isRun: (instance: RuntimeInstance) => boolean = () => true,
): AdoptionPlan {
  const instances = found.filter(({isForeign}) => isForeign !== true)
  const services = rows.flatMap((row) =>
    adoptionsOf(
      row,
      instances.filter(({service}) => service === row.name),
      isRun,
    ),
  )
  const kept = new Set(services.flatMap(({keep, run}) => [...keep.map(({id}) => id), run?.id]))
  return {services, remove: instances.filter(({id}) => !kept.has(id))}
}

/** Of the stable version, and of a canary beside it, which has indexes of its own. */
function adoptionsOf(
  row: ServiceRow,
  instances: readonly RuntimeInstance[],
  isRun: (instance: RuntimeInstance) => boolean,
): ServiceAdoption[] {
  const sides = wantedSides(row)
  if (isScheduled(row.spec)) {
    const runs = instances.filter(isRun)
    const run = runs.find(({state}) => state === 'running') ?? runs[0]
    return sides.slice(0, 1).map((side) => ({row: side, keep: [], missing: [], run}))
  }
  const found = sides.map((side) => ({side, keep: keptOf(side, instances)}))
  const taken = found.flatMap(({keep}) => keep.map(({index}) => index))
  return found.map(({side, keep}) => {
    const missing = freeIndexes(taken, side.desired - keep.length)
    taken.push(...missing)
    return {row: side, keep, missing}
  })
}

function keptOf(side: ServiceAdoption['row'], instances: readonly RuntimeInstance[]): RuntimeInstance[] {
  const fit = instances.filter(({release, state}) => release === side.release && state === 'running')
  const oldestFirst = fit.sort((a, b) => a.startedAt.localeCompare(b.startedAt) || a.index - b.index)
  const byIndex = new Map(oldestFirst.toReversed().map((instance) => [instance.index, instance]))
  return [...byIndex.values()].sort((a, b) => a.index - b.index).slice(0, side.desired)
}

/**
 * At the start of the server: takes over what runs, without touching what is as wanted. Resolves when the proxy has the
 * table; what is missing is started and what is too much removed after that. A runtime that does not answer is waited for
 * by the replicas that it has; rejects when none answers.
 */
export async function adopt(context: ControlContext): Promise<void> {
  const {store, runtime, edgeSync, log} = context
  failInterrupted(context)
  const rows = store.services.list()
  const readings = await readParts(partsOf(runtime))
  const plans = readings.map(({part, instances}) => {
    const own = rows.filter(({spec}) => part.runs(spec))
    if (instances === undefined) return undefined
    return planAdoption(own, instances, runTest(context))
  })
  for (const {part, problem} of readings) if (problem !== undefined) waitFor(context, part, messageOf(problem))
  const services = plans.flatMap((plan) => plan?.services ?? [])
  await Promise.all(services.map((service) => takeOver(context, service)))
  await edgeSync.publish().catch((error: unknown) => {
    log.debug('the proxy does not answer yet', {problem: messageOf(error)})
    edgeSync.publishSoon()
  })
  await settleListeners(context)
  const remove = plans.flatMap((plan) => plan?.remove ?? [])
  const removals = remove.map((instance) => ({service: instance.service, done: removeExtra(context, instance)}))
  for (const service of services) {
    const removed = removals.filter((removal) => removal.service === service.row.name).map(({done}) => done)
    startMissing(context, service, Promise.all(removed))
  }
}

/** For a runtime that answers again: its replicas that waited for that are what runs, or are started. */
export async function adoptWaiting(
  context: ControlContext,
  part: RuntimePart,
  instances: readonly RuntimeInstance[],
): Promise<void> {
  const {fleet, locks, closing} = context
  const waiting = fleet.all().filter((replica) => replica.isWaiting && part.runs(replica.plan.spec))
  const names = new Set(waiting.map(({plan}) => plan.service))
  const adoptOne = async (name: string) => {
    const placeholders = fleet.of(name).filter(({isWaiting}) => isWaiting)
    const row = context.store.services.get(name)
    if (placeholders.length === 0 || row === undefined) return
    for (const replica of placeholders) fleet.remove(replica)
    const unknown = instances.filter(({id, service}) => service === name && fleet.byInstance(id) === undefined)
    const {services, remove} = planAdoption([row], unknown, runTest(context))
    const removed = Promise.all(remove.map((instance) => removeExtra(context, instance)))
    for (const service of services) {
      await takeOver(context, service)
      startMissing(context, service, removed)
    }
    context.edgeSync.publishSoon()
  }
  await Promise.all([...names].map((name) => locks.run(name, () => adoptOne(name), {signal: closing})))
}

/** A service may have had standing replicas before it had triggers. */
const runTest =
  ({store}: ControlContext) =>
  ({service, release}: RuntimeInstance): boolean => {
    const spec = store.releases.get(service, release)?.spec
    return spec !== undefined && isScheduled(spec)
  }

interface Reading {
  readonly part: RuntimePart
  /** Undefined when it does not answer. */
  readonly instances?: readonly RuntimeInstance[]
  readonly problem?: unknown
}

async function readParts(parts: readonly RuntimePart[]): Promise<Reading[]> {
  const readings = await Promise.all(
    parts.map((part) =>
      part.runtime.list().then(
        (instances): Reading => ({part, instances}),
        (problem: unknown): Reading => ({part, problem}),
      ),
    ),
  )
  const serious = readings.find(({problem}) => problem !== undefined && !isAway(problem))
  const isAnyThere = readings.some(({instances}) => instances !== undefined)
  if (serious === undefined && isAnyThere) return readings
  throw serious?.problem ?? readings[0]?.problem
}

const isAway = (error: unknown): boolean => isOmniError(error) && error.code === 'UNAVAILABLE'

/** Replicas that are wanted, of which nobody knows now whether they run. */
function waitFor(context: ControlContext, part: RuntimePart, problem: string): void {
  const {store, fleet} = context
  fleet.away.set(part.runtime.name, problem)
  for (const row of store.services.list().flatMap(wantedSides)) {
    if (!part.runs(row.spec)) continue
    const version = versionOf(context, row.release, row.spec)
    const taken = fleet.of(row.name).map(({plan}) => plan.index)
    for (const index of freeIndexes(taken, row.desired)) {
      addReplica(context, version, {index, failFast: false, inRotation: true}).wait(problem)
    }
  }
  context.resync(part.runtime.name)
}

async function takeOver(context: ControlContext, {row, keep, run}: ServiceAdoption): Promise<void> {
  const version = versionOf(context, row.release, row.spec)
  if (run !== undefined) adoptRun(context, version, run)
  await Promise.all(
    keep.map(async (instance) => {
      const isReady = await seemsReady(context, version, instance)
      const replica = addReplica(context, version, {index: instance.index, failFast: false, inRotation: true})
      replica.adopt(instance, isReady)
      const exit = context.fleet.takeExit(instance.id)
      if (exit !== undefined) replica.exited(exit)
    }),
  )
}

/** Starts after what it depends on; at once when that runs. With the strategy `recreate`, when nothing else of it runs. */
function startMissing(context: ControlContext, {row, missing}: ServiceAdoption, removed: Promise<unknown>): void {
  const version = versionOf(context, row.release, row.spec)
  const replicas = missing.map((index) => addReplica(context, version, {index, failFast: false, inRotation: true}))
  const start = async () => {
    if (strategyOf(row.spec) === 'recreate') await removed
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
  for (const {service, isTls} of lost) {
    if (service === undefined && isTls !== true) await shared.replace()
    const row = service === undefined ? undefined : store.services.get(service)
    if (row === undefined || row.spec.host_port !== undefined) continue
    const port = await ports.replace(row.name)
    store.durably(() => store.services.update(row.name, {port}))
  }
  if (lost.length > 0) await edgeSync.publish().catch(() => edgeSync.publishSoon())
}
