import {isAbort, messageOf, OmniError, type ServiceFailure, type ServiceSpec} from '@omni-cli/sdk'
import type {ControlContext} from '../context.ts'
import type {Actor} from '../control.ts'
import {deployFailed, failureFrom, failureOf} from '../failure.ts'
import {isServing} from '../fleet.ts'
import {portTaken} from '../ports.ts'
import {bringTo} from '../replica-count.ts'
import {prepareRelease, type Version} from '../replicas.ts'
import type {ServiceRow} from '../store/services.ts'
import {environmentOf} from './environment.ts'
import {holdPort} from './hold-port.ts'
import {roll} from './roll.ts'
import {isSameVersion, wantedReplicas} from './spec.ts'

export interface ServiceDeploy {
  readonly actor: Actor
  readonly reason: string
  readonly signal: AbortSignal
  readonly note: (text: string) => void
}

/** Releases of a service that are kept for rollback. */
const KEPT_RELEASES = 20

/**
 * Makes the spec the running version. The lock of the service is held. Nothing happens when it runs already; when only
 * the number of replicas differs, it is scaled. DEPLOY_FAILED with a ServiceFailure: the version before serves on.
 */
export async function deployService(context: ControlContext, spec: ServiceSpec, options: ServiceDeploy): Promise<void> {
  const row = context.store.services.get(spec.name)
  const desired = wantedReplicas(spec, row)
  if (row === undefined || !isRunning(context, row) || !isSameVersion(row.spec, spec)) {
    return releaseVersion(context, spec, {...options, desired})
  }
  if (desired === row.desired && spec.replicas === row.spec.replicas) return
  await bringTo(context, row, {...options, desired})
  context.store.durably(() => context.store.services.update(spec.name, {spec, desired}))
  const [message, details] = [`'${spec.name}' scaled to ${desired}`, {from: row.desired, to: desired}]
  context.events.add({service: spec.name, type: 'service.scaled', message, details, actor: options.actor})
}

/** A new release of the spec, rolled out. */
export async function releaseVersion(
  context: ControlContext,
  spec: ServiceSpec,
  options: ServiceDeploy & {readonly desired: number},
): Promise<void> {
  const {fleet, events, store} = context
  const {actor, reason} = options
  const {name} = spec
  const port = await context.ports.claim(spec)
  const release = store.durably(() => {
    const row = store.services.get(name)
    // Left by a deploy whose end could not be written.
    for (const {id, status} of store.releases.list(name)) {
      if (status === 'deploying') store.releases.setStatus(name, id, 'failed')
    }
    // Until a first release is good, the row shows the last attempt.
    if (row?.release === undefined) store.services.put(name, {spec, port, desired: options.desired, state: 'running'})
    else store.services.update(name, {port})
    return store.releases.add({service: name, spec, actor: actor.name, reason})
  })
  const details = {release: release.id, reason}
  events.add({service: name, type: 'deploy.started', message: `deploying '${name}' ${release.id}`, details, actor})
  fleet.deploying.add(name)
  try {
    await rollOut(context, {release: release.id, spec, ...options})
    events.add({service: name, type: 'deploy.succeeded', message: `'${name}' runs ${release.id}`, details, actor})
  } catch (error) {
    throw recordFailure(context, {service: name, release: release.id, error, actor})
  } finally {
    fleet.deploying.delete(name)
    await forgetOld(context, name)
  }
}

async function rollOut(
  context: ControlContext,
  options: ServiceDeploy & {readonly desired: number; readonly release: string; readonly spec: ServiceSpec},
): Promise<void> {
  const {release, spec, desired, signal, note} = options
  const {store, fleet, edgeSync} = context
  await holdPort(context, spec)
  const env = environmentOf(spec, (name) => store.services.get(name))
  note('preparing')
  const prepared = await build(context, {release, spec, env}, options)
  const version: Version = {release, spec, env, prepare: async () => prepared}
  const commit = () => {
    const lost = desired === 0 ? undefined : edgeSync.lost(spec.name)
    if (lost !== undefined) throw portTaken(spec.name, lost.port)
    activate(context, {release, spec, desired})
    fleet.failures.delete(spec.name)
  }
  await roll(context, {version, desired, signal, note, commit})
  note('ready')
}

async function build(
  context: ControlContext,
  version: Omit<Version, 'prepare'>,
  {signal, note}: Pick<ServiceDeploy, 'signal' | 'note'>,
) {
  const lines: string[] = []
  const onOutput = (line: string) => {
    lines.push(line)
    if (lines.length > 20) lines.shift()
    note(line)
  }
  try {
    return await prepareRelease(context, version, {signal, onOutput})
  } catch (error) {
    if (isAbort(error)) throw error
    const isPull = failureFrom(error, 'BuildFailed').reason === 'ImagePullError'
    const failure = failureOf(isPull ? 'ImagePullError' : 'BuildFailed', {message: messageOf(error), lastLines: lines})
    throw new OmniError('DEPLOY_FAILED', failure.message, {details: failure, cause: error})
  }
}

function activate(
  {store}: ControlContext,
  {release, spec, desired}: {readonly release: string; readonly spec: ServiceSpec; readonly desired: number},
): void {
  store.durably(() => {
    for (const {id, status} of store.releases.list(spec.name)) {
      if (status === 'active') store.releases.setStatus(spec.name, id, 'superseded')
    }
    store.releases.setStatus(spec.name, release, 'active')
    store.services.update(spec.name, {spec, desired, state: 'running', release})
  })
}

function recordFailure(
  {store, events}: ControlContext,
  {service, release, error, actor}: {service: string; release: string; error: unknown; actor: Actor},
): OmniError {
  const isInterrupted = isAbort(error)
  const failure: ServiceFailure = isInterrupted
    ? failureOf('Interrupted', {message: 'the deploy was interrupted'})
    : failureFrom(error, 'StartFailed')
  store.durably(() => store.releases.setStatus(service, release, 'failed', failure))
  const message = `'${service}' ${release} failed: ${failure.message}`
  events.add({service, type: 'deploy.failed', message, details: {release, reason: failure.reason}, actor})
  if (!isInterrupted) return deployFailed(service, failure, error)
  return new OmniError('ABORTED', `the deploy of '${service}' was interrupted; the version before serves on`, {
    details: failure,
    cause: error,
  })
}

/** Runs as wanted: the release is there and every replica serves. */
function isRunning({fleet}: ControlContext, row: ServiceRow): boolean {
  const replicas = fleet.of(row.name)
  const current = replicas.filter((replica) => isServing(replica) && replica.plan.release === row.release)
  return row.state === 'running' && row.release !== undefined && current.length === row.desired
}

/** Keeps the newest releases with what they need. A failure here does not undo a good deploy. */
async function forgetOld({store, runtime, artifacts, log}: ControlContext, service: string): Promise<void> {
  try {
    if (!store.durably(() => store.releases.prune(service, KEPT_RELEASES))) return
    const kept = store.releases.list(service).map(({id}) => id)
    await runtime.prune(service, kept)
    await artifacts.prune(store.releases.artifacts())
  } catch (error) {
    log.debug('old releases not pruned', {service, problem: messageOf(error)})
  }
}
