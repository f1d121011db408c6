import {messageOf, OmniError, sleep, strategyOf} from '@omni-cli/sdk'
import type {ControlContext} from '../context.ts'
import type {Replica} from '../replica.ts'
import {addReplica, allReady, freeIndexes, retire, type Version, waves} from '../replicas.ts'

export interface RollRequest {
  readonly version: Version
  readonly desired: number
  /** What they take the place of. Default: all replicas of the service. */
  readonly old?: readonly Replica[] | undefined
  /** Indexes that belong to others. */
  readonly taken?: readonly number[] | undefined
  readonly signal: AbortSignal
  readonly note: (text: string) => void
  /** Makes the new version the wanted one; called when it has all requests, before the last old replicas go. */
  readonly commit: () => void
}

/**
 * Replaces replicas of a service by those of a version. Start-first: an old one goes only when its successor is ready and
 * has its place in the table. With `max_unavailable` that many old ones go before their successors start, with `recreate`
 * all of them. When it fails or is interrupted, the old version is back in full before it rejects.
 */
export async function roll(context: ControlContext, request: RollRequest): Promise<void> {
  const {version, desired} = request
  const strategy = strategyOf(version.spec)
  // A run of the old version goes on to its own end.
  const old = [...(request.old ?? context.fleet.of(version.spec.name))].filter(({isOnce}) => !isOnce)
  const fresh: Replica[] = []
  try {
    if (strategy === 'recreate') await retire(context, old)
    const ahead = strategy === 'rolling' ? (version.spec.deploy?.max_unavailable ?? 0) : 0
    for (const wave of waves(freeIndexes(request.taken ?? [], desired), waveSize(context, request, ahead))) {
      if (ahead > 0) await retire(context, makingRoom(old, fresh.length + wave.length))
      const started = wave.map((index) => addReplica(context, version, {index, failFast: true, inRotation: false}))
      fresh.push(...started)
      await startWave(started, request)
      const leaving = leavingFor(old, desired, fresh.length)
      await switchTraffic(context, {fresh, leaving})
      if (fresh.length < desired) await retire(context, leaving)
    }
    if (desired === 0) await switchTraffic(context, {fresh, leaving: old})
    request.commit()
  } catch (error) {
    await goBack(context, {old, fresh, isAlone: strategy === 'recreate'})
    throw error
  }
  // The new version is in force, whatever becomes of the old replicas.
  await retireOrLater(context, old.filter(stillThere(context)))
}

/** Replicas that start at once: with room made for them no more than that. */
function waveSize({width}: ControlContext, {version, desired}: RollRequest, ahead: number): number {
  if (ahead > 0) return Math.min(width, ahead)
  return strategyOf(version.spec) === 'blue-green' ? Math.max(1, desired) : width
}

/** Old replicas that go before the newest of `successors` start: as many in all, unfit ones first. */
export const makingRoom = <T extends Pick<Replica, 'isEnded' | 'status'>>(old: readonly T[], successors: number): T[] =>
  unfitFirst(old)
    .slice(0, successors)
    .filter(({isEnded}) => !isEnded)

const unfitFirst = <T extends Pick<Replica, 'status'>>(old: readonly T[]): T[] =>
  [...old].sort((a, b) => Number(a.status === 'ready') - Number(b.status === 'ready'))

/** Old replicas whose place is taken when `ready` of `desired` new ones serve; all of them in the end. */
export function leavingFor<T extends Pick<Replica, 'isEnded' | 'status'>>(
  old: readonly T[],
  desired: number,
  ready: number,
): T[] {
  const kept = ready >= desired ? 0 : Math.max(0, old.length - ready)
  return unfitFirst(old)
    .slice(0, old.length - kept)
    .filter(({isEnded}) => !isEnded)
}

export async function startWave(
  started: readonly Replica[],
  request: Pick<RollRequest, 'note' | 'signal'>,
): Promise<void> {
  request.note(`starting ${started.map(({name}) => name).join(', ')}`)
  for (const replica of started) replica.start()
  await allReady(started, request.signal)
}

/** In one table: the new ones in, the leaving ones out. DEPLOY_FAILED when a new one is ready no more. */
export async function switchTraffic(
  context: ControlContext,
  {fresh, leaving}: {readonly fresh: readonly Replica[]; readonly leaving: readonly Replica[]},
): Promise<void> {
  const lost = fresh.find(({status}) => status !== 'ready')
  if (lost !== undefined) {
    throw new OmniError('DEPLOY_FAILED', `'${lost.name}' was ready and then failed`, {details: lost.failure})
  }
  for (const replica of fresh) replica.inRotation = true
  for (const replica of leaving) replica.inRotation = false
  await context.edgeSync.publish()
}

interface Halfway {
  readonly old: readonly Replica[]
  readonly fresh: readonly Replica[]
  /** Two versions must not run side by side. */
  readonly isAlone: boolean
}

/** Old ones that have gone are started again before the new ones leave, unless these have to make room first. */
async function goBack(context: ControlContext, {old, fresh, isAlone}: Halfway): Promise<void> {
  const isThere = stillThere(context)
  for (const replica of old) replica.inRotation = isThere(replica) && !replica.isEnded
  const restored = old
    .filter((replica) => !isThere(replica) || replica.status === 'stopping')
    .map(({plan}) => addReplica(context, plan, {index: plan.index, failFast: false, inRotation: true}))
  if (isAlone) await retireOrLater(context, fresh)
  for (const replica of restored) replica.start()
  await readyOrGivenUp(context, restored)
  if (!isAlone) await retireOrLater(context, fresh)
}

/** What cannot be stopped now is shown as `stopping` and ended later. */
export async function retireOrLater(context: ControlContext, replicas: readonly Replica[]): Promise<void> {
  await retire(context, replicas).catch((error: unknown) => {
    context.log.debug('a replica could not be stopped', {problem: messageOf(error)})
  })
}

/** Waits for the old version, but not for ever: it heals itself from here on. */
async function readyOrGivenUp({closing}: ControlContext, restored: readonly Replica[]): Promise<void> {
  if (restored.length === 0) return
  const timeoutMs = Math.max(...restored.map(({plan}) => (plan.spec.deploy?.ready_timeout_secs ?? 60) * 1000))
  const timeout = new AbortController()
  const signal = AbortSignal.any([timeout.signal, closing])
  await Promise.race([
    Promise.allSettled(restored.map(({ready}) => ready)),
    sleep(timeoutMs, signal).catch(() => undefined),
  ])
  timeout.abort()
}

const stillThere = (context: ControlContext) => (replica: Replica) =>
  context.fleet.of(replica.plan.service).includes(replica)
