import {isAbort, OmniError, poll} from '@omni-cli/sdk'
import {partsOf} from '../runtimes/all-runtimes.ts'
import type {Runtime, RuntimeInstance} from '../runtimes/runtime.ts'
import type {ControlContext} from './context.ts'
import {seemsReady} from './probes/glance.ts'
import {addReplica, type Version} from './replicas.ts'

export interface TakeOver {
  readonly version: Version
  readonly desired: number
  readonly signal: AbortSignal
}

/**
 * What an Orca server runs of a service that is deployed here for the first time. When it is what the version asks for, it
 * becomes its replicas, ready and with all requests, without a restart: true. Else it serves on through our proxy, as the
 * old version that a roll replaces.
 */
export async function takeForeign(context: ControlContext, request: TakeOver): Promise<boolean> {
  const {spec} = request.version
  const part = partsOf(context.runtime).find(({runs}) => runs(spec))
  if (part === undefined || context.store.services.get(spec.name)?.release !== undefined) return false
  const found = (await part.runtime.list()).filter(
    ({id, service, state, isForeign}) =>
      isForeign === true && service === spec.name && state === 'running' && context.fleet.byInstance(id) === undefined,
  )
  if (found.length === 0) return false
  if (await takeAll(context, {...request, found, runtime: part.runtime})) return true
  for (const instance of found)
    if (context.fleet.byInstance(instance.id) === undefined) serveOn(context, request, instance)
  return false
}

type Found = TakeOver & {readonly found: readonly RuntimeInstance[]; readonly runtime: Runtime}

/** All or none: what is taken over is ours from then on, to be ended when its release is not the one that is wanted. */
async function takeAll(context: ControlContext, request: Found): Promise<boolean> {
  const {version, desired, found, runtime} = request
  const {release, spec, prepare} = version
  const indexes = new Set(found.map(({index}) => index))
  const isComplete = found.length === desired && indexes.size === desired && Math.max(...indexes) < desired
  if (!isComplete || runtime.takeOver === undefined) return false
  const env = context.secrets.resolve(version.env, spec.project)
  const prepared = await prepare()
  for (const instance of found) {
    const asked = {service: spec.name, index: instance.index, release, spec, env, prepared}
    if ((await runtime.isAsAsked?.(instance.id, asked)) !== true) return false
  }
  for (const instance of found) if (!(await becomesReady(context, request, instance))) return false
  let taken = 0
  for (const {id, index} of found) {
    const instance = await runtime.takeOver(id, {service: spec.name, index, release, spec, env, prepared})
    if (instance === undefined) break
    addReplica(context, version, {index, failFast: false, inRotation: true}).adopt(instance, true)
    taken++
  }
  await context.edgeSync.publish()
  return taken === desired
}

/** Asked before it is ours: one of ours that does not become ready is ended. */
function becomesReady(context: ControlContext, {version, signal}: TakeOver, instance: RuntimeInstance) {
  const timeoutMs = (version.spec.deploy?.ready_timeout_secs ?? 60) * 1000
  return poll({everyMs: 50, timeoutMs, signal}, () => seemsReady(context, version, instance)).catch((error) => {
    if (isAbort(error)) throw error
    return false
  })
}

/** It cannot be made again when it ends: nobody here knows how it was made. */
function serveOn(context: ControlContext, {version}: TakeOver, instance: RuntimeInstance): void {
  const prepare = async (): Promise<never> => {
    throw new OmniError('CONFLICT', 'an Orca server has made it', {hint: `omni deploy ${version.spec.name}`})
  }
  const old: Version = {...version, release: instance.release, prepare}
  addReplica(context, old, {index: instance.index, failFast: false, inRotation: true}).adopt(instance, true)
}
