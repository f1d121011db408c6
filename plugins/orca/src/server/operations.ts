import {messageOf, nameProblem, OmniError, type ServiceSpec, strategyOf} from '@omni-cli/sdk'
import {limitsOf} from './autoscale/decide.ts'
import {beginCanary} from './canary/begin.ts'
import {endCanary, tellEnd, writeEnd} from './canary/end.ts'
import {bySide, canaryCount} from './canary/share.ts'
import type {ControlContext} from './context.ts'
import type {Actor} from './control.ts'
import {isScheduled} from './cron/triggers.ts'
import {planDeploy} from './deploy/plan.ts'
import {releaseVersion} from './deploy/release.ts'
import {roll} from './deploy/roll.ts'
import {deployFailed, failureFrom} from './failure.ts'
import {isServing} from './fleet.ts'
import {bringCanaryTo, bringTo, indexesOf, sortOut} from './replica-count.ts'
import {retire, versionOf} from './replicas.ts'
import {rollbackTarget} from './rollback-target.ts'
import type {ReleaseRow} from './store/releases.ts'
import type {ServiceRow} from './store/services.ts'

// Each of these runs with the lock of its service held.

/** Ready replicas as wanted; nothing happens when they are there. */
export async function startService(context: ControlContext, name: string, actor: Actor): Promise<void> {
  const row = deployedRow(context, name)
  const serving = bySide(context.fleet.of(name), row.canary).stable.filter(isServing).length
  if (row.state === 'running' && serving === row.desired) return
  await bringTo(context, row, {desired: row.desired, signal: context.closing})
  context.store.durably(() => context.store.services.update(name, {state: 'running'}))
  context.events.add({service: name, type: 'service.started', message: `'${name}' started`, actor})
}

/** Wanted first, then done: after a crash in between it is stopped at the next start. */
export async function stopService(context: ControlContext, name: string, actor: Actor): Promise<void> {
  const row = existingRow(context, name)
  const wasRunning = row.state === 'running'
  const canaryEnd = {reason: 'the service was stopped', actor}
  if (wasRunning) {
    wantStopped(context, row, canaryEnd.reason)
    if (row.canary !== undefined) tellEnd(context, name, row.canary, canaryEnd)
  }
  await retire(context, context.fleet.of(name))
  context.fleet.failures.delete(name)
  if (wasRunning) context.events.add({service: name, type: 'service.stopped', message: `'${name}' stopped`, actor})
}

/** A canary ends with it. */
function wantStopped(context: ControlContext, {name, canary}: ServiceRow, reason: string): void {
  context.store.durably(() => {
    if (canary !== undefined) writeEnd(context, name, canary, reason)
    context.store.services.update(name, {state: 'stopped'})
  })
}

/** New replicas of the same release take the place of the old ones; those of a canary too. */
export async function restartService(context: ControlContext, name: string, actor: Actor): Promise<void> {
  const row = deployedRow(context, name)
  if (row.state === 'stopped') return startService(context, name, actor)
  const version = versionOf(context, row.release, row.spec)
  const {desired} = row
  const quiet = {note: () => undefined, commit: () => undefined, signal: context.closing}
  const {stable, canary} = bySide(context.fleet.of(name), row.canary)
  try {
    await roll(context, {version, desired, old: stable, taken: indexesOf(canary), ...quiet})
    if (row.canary !== undefined) {
      const {release, spec, weight} = row.canary
      const taken = indexesOf(bySide(context.fleet.of(name), row.canary).stable)
      const count = canaryCount(desired, weight)
      const beside = versionOf(context, release, spec)
      await roll(context, {version: beside, desired: count, old: canary, taken, ...quiet})
    }
  } catch (error) {
    const failure = failureFrom(error, 'StartFailed')
    context.fleet.failures.set(name, failure)
    throw deployFailed(name, failure, error)
  }
  context.fleet.failures.delete(name)
  context.events.add({service: name, type: 'service.restarted', message: `'${name}' restarted`, actor})
}

/** Down: wanted first. Up: wanted once it is there, so that a failed one changes nothing. */
export async function scaleService(
  context: ControlContext,
  name: string,
  {desired, actor}: {readonly desired: number; readonly actor: Actor},
): Promise<void> {
  if (!Number.isInteger(desired) || desired < 0 || desired > 1000) {
    throw new OmniError('USAGE', `'${desired}' is no number of replicas; it is 0 to 1000`)
  }
  refuseScaledByItself(deployedRow(context, name))
  if (desired === 0) await endCanary(context, name, {reason: 'the service was scaled to 0', actor})
  const row = deployedRow(context, name)
  const canary = row.canary === undefined ? undefined : {...row.canary, desired}
  const persist = () => context.store.durably(() => context.store.services.update(name, {desired, canary}))
  if (desired < row.desired) persist()
  if (row.state === 'running') {
    await bringTo(context, row, {desired, signal: context.closing})
    try {
      await bringCanaryTo(context, {...row, desired}, {signal: context.closing})
    } catch (error) {
      const {stable} = bySide(context.fleet.of(name), row.canary)
      if (desired > row.desired) await retire(context, sortOut(stable, row.desired).drop)
      throw error
    }
  }
  if (desired > row.desired) persist()
  if (desired === row.desired) return
  const message = `'${name}' scaled from ${row.desired} to ${desired}`
  context.events.add({service: name, type: 'service.scaled', message, actor, details: {from: row.desired, to: desired}})
}

/** Somebody else decides about the number, and would undo what a hand has done. */
function refuseScaledByItself({name, spec}: ServiceRow): void {
  const limits = limitsOf(spec)
  const why = isScheduled(spec)
    ? 'is run by its cron triggers; it has no standing replicas'
    : limits && `has replicas = "auto": its load decides, between ${limits.min} and ${limits.max}`
  if (why !== undefined) throw new OmniError('CONFLICT', `'${name}' ${why}`, {hint: `omni describe service ${name}`})
}

/** An absent service is no error: what the runtime has of it goes all the same. */
export async function removeService(
  context: ControlContext,
  name: string,
  {actor, purge}: {readonly actor: Actor; readonly purge: boolean},
): Promise<void> {
  const {store, fleet, events} = context
  // The name becomes a folder's.
  if (nameProblem(name) !== undefined) return
  const row = store.services.get(name)
  const canaryEnd = {reason: 'the service was removed', actor}
  if (row?.state === 'running') wantStopped(context, row, canaryEnd.reason)
  await retire(context, fleet.of(name))
  if (row !== undefined) {
    if (row.canary !== undefined) tellEnd(context, name, row.canary, canaryEnd)
    store.durably(() => {
      store.services.remove(name)
      store.releases.removeAll(name)
    })
    fleet.failures.delete(name)
    context.ports.forget(name)
    events.add({service: name, type: 'service.removed', message: `'${name}' removed`, actor, details: {purge}})
    await context.edgeSync.publish().catch(() => context.edgeSync.publishSoon())
  }
  await forgetRest(context, name)
  if (purge) await context.runtime.purge(name)
}

/** What of it can be forgotten now; a part of the runtime that is away keeps nothing of the others. */
async function forgetRest({store, runtime, artifacts, log}: ControlContext, name: string): Promise<void> {
  const steps = [
    () => runtime.forgetEnded?.(name),
    () => runtime.prune(name, []),
    () => artifacts.prune(store.releases.artifacts()),
  ]
  for (const step of steps) {
    try {
      await step()
    } catch (error) {
      log.debug('not all of a removed service was forgotten', {service: name, problem: messageOf(error)})
    }
  }
}

/**
 * A rolling deploy of an old release; without `to`, of the good one before the active one. A canary ends: without `to`
 * nothing else happens, since the stable version is what was before it.
 */
export async function rollbackService(
  context: ControlContext,
  name: string,
  {to, actor}: {readonly to?: string | undefined; readonly actor: Actor},
): Promise<void> {
  const row = existingRow(context, name)
  if (to === undefined && row.canary !== undefined) {
    await endCanary(context, name, {reason: 'rolled back', actor})
    return
  }
  const target = rollbackTarget(context.store.releases.list(name), {active: row.release, to})
  if (target === undefined) {
    throw new OmniError('NOT_FOUND', `no release ${to === undefined ? 'before this one' : `'${to}'`} of '${name}'`, {
      hint: `omni releases ${name}`,
    })
  }
  refuseUnproven(target)
  if (target.id === row.release && row.state === 'running' && row.canary === undefined) return
  refuseImpossible(context, target.spec, 'go back')
  await endCanary(context, name, {reason: `rolled back to ${target.id}`, actor})
  if (target.id === row.release && row.state === 'running') return
  await releaseVersion(context, target.spec, {
    actor,
    reason: `rollback to ${target.id}`,
    signal: context.closing,
    note: () => undefined,
    desired: row.desired,
  })
}

/**
 * A new release of the newest spec, fetched and built again, rolled out by its strategy; also when nothing has changed, as
 * that cannot be known before. A service that does not run is started by it.
 */
export async function redeployService(
  context: ControlContext,
  name: string,
  {actor, reason}: {readonly actor: Actor; readonly reason: string},
): Promise<void> {
  const row = existingRow(context, name)
  const {spec, desired} = row.canary ?? row
  refuseImpossible(context, spec, 'be deployed again')
  const options = {actor, reason, desired, isForced: true, signal: context.closing, note: () => undefined}
  const isServed = row.state === 'running' && bySide(context.fleet.of(name), row.canary).stable.some(isServing)
  const isCanary = strategyOf(spec) === 'canary' && isServed && desired > 0
  await (isCanary ? beginCanary(context, spec, options) : releaseVersion(context, spec, options))
}

function refuseUnproven({id, service, status, failure}: ReleaseRow): void {
  const hint = `omni releases ${service}`
  if (status === 'canary') {
    throw new OmniError('CONFLICT', `'${id}' of '${service}' is the canary`, {hint: `omni promote ${service}`})
  }
  if (status !== 'failed') return
  if (failure?.reason === 'CanaryAborted') {
    throw new OmniError('CONFLICT', `'${id}' of '${service}' was aborted as a canary: ${failure.message}`, {hint})
  }
  throw new OmniError('CONFLICT', `'${id}' of '${service}' has never been ready`, {hint})
}

/** The world may have moved since: a dependency is gone, another service has the host name. */
function refuseImpossible(context: ControlContext, spec: ServiceSpec, what: string): void {
  const deployed = new Map(context.store.services.list().map((row) => [row.name, row]))
  const problem = planDeploy([spec], deployed, context).problems.get(spec.name)
  if (problem !== undefined) throw new OmniError(problem.code, `'${spec.name}' cannot ${what}: ${problem.message}`)
}

function existingRow({store}: ControlContext, name: string): ServiceRow {
  const row = store.services.get(name)
  if (row === undefined) throw new OmniError('NOT_FOUND', `service '${name}' not found`, {hint: 'omni get services'})
  return row
}

function deployedRow(context: ControlContext, name: string): ServiceRow & {readonly release: string} {
  const row = existingRow(context, name)
  if (row.release === undefined) {
    throw new OmniError('CONFLICT', `no release of '${name}' has ever been ready`, {hint: `omni logs ${name}`})
  }
  return {...row, release: row.release}
}
