import {bySide, canaryCount, hasCanary} from './canary/share.ts'
import type {ControlContext} from './context.ts'
import {deployFailed, failureFrom} from './failure.ts'
import {isServing} from './fleet.ts'
import type {Replica} from './replica.ts'
import {addReplica, allReady, freeIndexes, retire, type Version, versionOf, waves} from './replicas.ts'
import type {ServiceRow} from './store/services.ts'

export interface CountRequest {
  readonly desired: number
  readonly signal: AbortSignal
}

/**
 * That many ready replicas of the active release. Ones that cannot be kept alive are replaced; the highest indexes go
 * first. DEPLOY_FAILED when a new one does not become ready: then those that were there before are left. A canary is
 * left alone.
 */
export async function bringTo(context: ControlContext, row: ServiceRow, request: CountRequest): Promise<void> {
  if (row.release === undefined) return
  const {stable, canary} = bySide(context.fleet.of(row.name), row.canary)
  const version = versionOf(context, row.release, row.spec)
  await bringSideTo(context, {...request, version, there: stable, taken: indexesOf(canary)})
}

/** The same for the replicas of the canary, by default as many as its share asks for. */
export async function bringCanaryTo(
  context: ControlContext,
  row: ServiceRow,
  {signal, ...request}: {readonly desired?: number; readonly weight?: number; readonly signal: AbortSignal},
): Promise<void> {
  if (!hasCanary(row)) return
  const {stable, canary} = bySide(context.fleet.of(row.name), row.canary)
  const version = versionOf(context, row.canary.release, row.canary.spec)
  const desired = request.desired ?? canaryCount(row.desired, request.weight ?? row.canary.weight)
  await bringSideTo(context, {desired, signal, version, there: canary, taken: indexesOf(stable)})
}

interface Side extends CountRequest {
  readonly version: Version
  readonly there: readonly Replica[]
  /** Indexes of the other side. */
  readonly taken: readonly number[]
}

async function bringSideTo(context: ControlContext, {desired, signal, version, there, taken}: Side): Promise<void> {
  const {name} = version.spec
  const {keep, drop} = sortOut(there, desired)
  await retire(context, drop)
  const indexes = freeIndexes([...indexesOf(keep), ...taken], desired - keep.length)
  const started: Replica[] = []
  try {
    for (const wave of waves(indexes, context.width)) {
      const fresh = wave.map((index) => addReplica(context, version, {index, failFast: true, inRotation: true}))
      started.push(...fresh)
      for (const replica of fresh) replica.start()
      await allReady(fresh, signal)
    }
    if (started.length > 0) await context.edgeSync.publish()
  } catch (error) {
    await retire(context, started)
    // Those that could not be kept alive have gone, and are wanted all the same.
    context.mendSoon(name)
    if (signal.aborted) throw error
    const failure = failureFrom(error, 'StartFailed')
    context.fleet.failures.set(name, failure)
    throw deployFailed(name, failure, error)
  }
  context.fleet.failures.delete(name)
}

export const indexesOf = (replicas: readonly Replica[]): number[] => replicas.map(({plan}) => plan.index)

/** Healthy replicas with low indexes stay. */
export function sortOut(replicas: readonly Replica[], desired: number): {keep: Replica[]; drop: Replica[]} {
  const fit = replicas.filter(isServing).sort((a, b) => a.plan.index - b.plan.index)
  const keep = fit.slice(0, desired)
  return {keep, drop: replicas.filter((replica) => !keep.includes(replica))}
}
