import {isAbort, messageOf, OmniError, type ServiceFailure, type ServiceSpec} from '@omni-cli/sdk'
import {tellEnd, writeEnd} from '../canary/end.ts'
import type {ControlContext} from '../context.ts'
import type {Actor} from '../control.ts'
import {deployFailed, failureFrom, failureOf} from '../failure.ts'
import {takeForeign} from '../foreign.ts'
import {portTaken} from '../ports.ts'
import {prepareRelease, type Version} from '../replicas.ts'
import {environmentOf} from './environment.ts'
import {holdPort} from './hold-port.ts'
import {roll} from './roll.ts'

export interface ServiceDeploy {
  readonly actor: Actor
  readonly reason: string
  /** Fetch and build again although it was done before. */
  readonly isForced?: boolean | undefined
  readonly signal: AbortSignal
  readonly note: (text: string) => void
}

/** Replicas that a deploy asks for. */
type Wanted = ServiceDeploy & {readonly desired: number}

/** Releases of a service that are kept for rollback. */
const KEPT_RELEASES = 20

/** A new release of the spec, rolled out: it takes the place of all that runs, a canary too. */
export const releaseVersion = (context: ControlContext, spec: ServiceSpec, options: Wanted): Promise<void> =>
  withRelease(context, spec, options, async (release) => {
    await rollOut(context, {release, spec, ...options})
    return `'${spec.name}' runs ${release}`
  })

/**
 * Makes a release of a spec, and does with it what `work` says, which answers what it did. When that fails, the release is
 * marked with the reason.
 */
export async function withRelease(
  context: ControlContext,
  spec: ServiceSpec,
  options: Wanted,
  work: (release: string) => Promise<string>,
): Promise<void> {
  const {fleet, events} = context
  const {actor, reason} = options
  const {name} = spec
  const release = await openRelease(context, spec, options)
  const details = {release, reason}
  events.add({service: name, type: 'deploy.started', message: `deploying '${name}' ${release}`, details, actor})
  fleet.deploying.add(name)
  try {
    const message = await work(release)
    events.add({service: name, type: 'deploy.succeeded', message, details, actor})
  } catch (error) {
    throw recordFailure(context, {service: name, release, error, actor})
  } finally {
    fleet.deploying.delete(name)
    await forgetOld(context, name)
  }
}

async function openRelease({store, ports}: ControlContext, spec: ServiceSpec, options: Wanted): Promise<string> {
  const {name} = spec
  const port = await ports.claim(spec)
  return store.durably(() => {
    const row = store.services.get(name)
    // Left by a deploy whose end could not be written.
    for (const {id, status} of store.releases.list(name)) {
      if (status === 'deploying') store.releases.setStatus(name, id, 'failed')
    }
    // Until a first release is good, the row shows the last attempt.
    if (row?.release === undefined) store.services.put(name, {spec, port, desired: options.desired, state: 'running'})
    else store.services.update(name, {port})
    return store.releases.add({service: name, spec, actor: options.actor.name, reason: options.reason}).id
  })
}

interface NewRelease {
  readonly release: string
  readonly spec: ServiceSpec
}

async function rollOut(context: ControlContext, options: Wanted & NewRelease): Promise<void> {
  const {release, spec, desired, signal, note} = options
  const {fleet, edgeSync} = context
  await holdPort(context, spec)
  const version = await prepareVersion(context, {release, spec}, options)
  const commit = () => {
    const lost = desired === 0 ? undefined : edgeSync.lost(spec.name)
    if (lost !== undefined) throw portTaken(spec.name, lost.port)
    activate(context, {release, spec, desired, actor: options.actor})
    fleet.failures.delete(spec.name)
  }
  if (await takeForeign(context, {version, desired, signal})) commit()
  else await roll(context, {version, desired, signal, note, commit})
  note('ready')
}

/** The release unpacked, built or pulled. DEPLOY_FAILED with the last lines of that. */
export async function prepareVersion(
  context: ControlContext,
  {release, spec}: NewRelease,
  {signal, note, isForced}: Pick<ServiceDeploy, 'signal' | 'note' | 'isForced'>,
): Promise<Version> {
  const env = environmentOf(spec, (name) => context.store.services.get(name))
  note('preparing')
  const lines: string[] = []
  const onOutput = (line: string) => {
    lines.push(line)
    if (lines.length > 20) lines.shift()
    note(line)
  }
  try {
    const prepared = await prepareRelease(context, {release, spec, env}, {signal, onOutput, isForced})
    return {release, spec, env, prepare: async () => prepared}
  } catch (error) {
    if (isAbort(error)) throw error
    const known = failureFrom(error, 'BuildFailed')
    const failure = known.lastLines.length > 0 ? known : {...known, lastLines: lines}
    throw new OmniError('DEPLOY_FAILED', failure.message, {details: failure, cause: error})
  }
}

/** Makes a release the active one, durably. A canary that is another one has ended. */
export function activate(
  context: ControlContext,
  {release, spec, desired, actor}: NewRelease & {readonly desired: number; readonly actor: Actor},
): void {
  const {store} = context
  const {name} = spec
  const canary = store.services.get(name)?.canary
  const ended = canary?.release === release ? undefined : canary
  const reason = `${release} took its place`
  store.durably(() => {
    for (const {id, status} of store.releases.list(name)) {
      if (status === 'active') store.releases.setStatus(name, id, 'superseded')
    }
    if (ended !== undefined) writeEnd(context, name, ended, reason)
    store.releases.setStatus(name, release, 'active')
    store.services.update(name, {spec, desired, state: 'running', release, canary: undefined})
  })
  if (ended !== undefined) tellEnd(context, name, ended, {reason, actor})
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
