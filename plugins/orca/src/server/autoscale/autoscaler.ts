import {messageOf} from '@omni-cli/sdk'
import type {EdgeVersionStats} from '../../edge/table.ts'
import type {InstanceStats} from '../../runtimes/runtime.ts'
import type {ControlContext} from '../context.ts'
import {isServing} from '../fleet.ts'
import {bringTo} from '../replica-count.ts'
import type {ServiceRow} from '../store/services.ts'
import {type Advice, advise, decide, limitsOf} from './decide.ts'

/** Keeps the number of replicas of services with `auto` at what their load asks for, until it is called back. */
export function startAutoscaler(context: ControlContext): () => void {
  const {timing, log} = context
  const advices = new Map<string, Advice[]>()
  let isLooking = false
  const lookOnce = async () => {
    if (isLooking) return
    isLooking = true
    try {
      await look(context, advices)
    } catch (error) {
      log.debug('not scaled', {problem: messageOf(error)})
    } finally {
      isLooking = false
    }
  }
  const timer = setInterval(() => void lookOnce(), timing.autoscaleMs).unref()
  return () => clearInterval(timer)
}

async function look(context: ControlContext, advices: Map<string, Advice[]>): Promise<void> {
  const rows = context.store.services.list().filter((row) => isScaled(context, row))
  for (const name of advices.keys()) if (!rows.some((row) => row.name === name)) advices.delete(name)
  if (rows.length === 0) return
  const [stats, edge] = await Promise.all([context.readStats(), context.edge.stats().catch(() => [])])
  for (const row of rows) {
    const limits = limitsOf(row.spec)
    const load = loadOf(context, row, {stats, edge})
    if (limits === undefined || load === undefined) continue
    const kept = (advices.get(row.name) ?? []).filter(({at}) => load.at - at <= 2 * context.timing.scaleDownMs)
    const all = [...kept, advise(load, limits)]
    const {scaleUpReadings: upReadings, scaleDownMs: downMs} = context.timing
    const decision = decide(all, row.desired, {upReadings, downMs})
    // After a change the load has to be measured anew.
    advices.set(row.name, decision === undefined ? all : [])
    if (decision !== undefined) scale(context, row, decision)
  }
}

/** Runs undisturbed: no deploy, no canary. */
function isScaled({fleet}: ControlContext, row: ServiceRow): boolean {
  if (limitsOf(row.spec) === undefined || row.state !== 'running' || row.release === undefined) return false
  const isAlone = fleet.of(row.name).every(({plan}) => plan.release === row.release)
  return row.desired > 0 && isAlone && !fleet.deploying.has(row.name)
}

function loadOf(
  {fleet}: ControlContext,
  row: ServiceRow,
  {stats, edge}: {readonly stats: ReadonlyMap<string, InstanceStats>; readonly edge: readonly EdgeVersionStats[]},
) {
  const serving = fleet.of(row.name).filter(isServing)
  // One that starts would be counted as idle.
  if (serving.length !== row.desired) return undefined
  const cpuPercents = serving.flatMap(({instance}) => stats.get(instance?.id ?? '')?.cpuPercent ?? [])
  const inFlight = edge.filter(({service}) => service === row.name).reduce((sum, each) => sum + each.inFlight, 0)
  return {at: performance.now(), cpuPercents, inFlight, ready: serving.length}
}

function scale(context: ControlContext, {name, desired}: ServiceRow, {replicas, reason}: Advice): void {
  const {locks, store, closing, events, log} = context
  const work = async () => {
    const row = store.services.get(name)
    // What had the lock before may have changed everything.
    if (row === undefined || row.desired !== desired || !isScaled(context, row)) return
    await bringTo(context, row, {desired: replicas, signal: closing})
    store.durably(() => store.services.update(name, {desired: replicas}))
    const message = `'${name}' scaled from ${desired} to ${replicas}: ${reason}`
    events.add({service: name, type: 'service.autoscaled', message, details: {from: desired, to: replicas, reason}})
  }
  locks.run(name, work, {signal: closing}).catch((error: unknown) => {
    log.debug('not scaled', {service: name, problem: messageOf(error)})
  })
}
