import type {ControlContext} from './context.ts'
import {deployFailed, failureFrom} from './failure.ts'
import {isServing} from './fleet.ts'
import type {Replica} from './replica.ts'
import {addReplica, allReady, freeIndexes, retire, versionOf, waves} from './replicas.ts'
import type {ServiceRow} from './store/services.ts'

export interface CountRequest {
  readonly desired: number
  readonly signal: AbortSignal
}

/**
 * That many ready replicas of the active release. Ones that cannot be kept alive are replaced; the highest indexes go
 * first. DEPLOY_FAILED when a new one does not become ready: then those that were there before are left.
 */
export async function bringTo(
  context: ControlContext,
  row: ServiceRow,
  {desired, signal}: CountRequest,
): Promise<void> {
  if (row.release === undefined) return
  const {keep, drop} = sortOut(context.fleet.of(row.name), desired)
  const version = versionOf(context, row.release, row.spec)
  await retire(context, drop)
  const indexes = freeIndexes(
    keep.map(({plan}) => plan.index),
    desired - keep.length,
  )
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
    if (signal.aborted) throw error
    const failure = failureFrom(error, 'StartFailed')
    context.fleet.failures.set(row.name, failure)
    throw deployFailed(row.name, failure, error)
  }
  context.fleet.failures.delete(row.name)
}

/** Healthy replicas with low indexes stay. */
export function sortOut(replicas: readonly Replica[], desired: number): {keep: Replica[]; drop: Replica[]} {
  const fit = replicas.filter(isServing).sort((a, b) => a.plan.index - b.plan.index)
  const keep = fit.slice(0, desired)
  return {keep, drop: replicas.filter((replica) => !keep.includes(replica))}
}
