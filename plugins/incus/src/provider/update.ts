import {type CallOptions, type Instance, type InstanceSpec, isAbort, isOmniError, OmniError} from '@omni-cli/sdk'
import {instanceWire, type WireInstance} from '../client/wire.ts'
import type {Settings} from './change-kinds-settings.ts'
import {inheritedDevices, isBridge, type Workshop} from './create.ts'
import {instanceOf} from './map.ts'
import {type InstancePut, moveInstance, patchConfig, putInstance, readInstance} from './requests.ts'
import {differenceOf, nextInstance} from './update-next.ts'
import {currentInstance, refuseEphemeral, startInstance, stopInstance} from './update-state.ts'

export interface Mender extends Workshop {
  readonly readSettings: (options?: CallOptions) => Promise<Settings>
}

/**
 * Makes an existing machine as the spec says, at the cost of a restart at most: image and user data stay as they are. Only
 * what is still as it was read is changed; what somebody else has changed meanwhile is read once more.
 */
export async function updateInstance(
  shop: Mender,
  name: string,
  spec: InstanceSpec,
  options?: CallOptions,
): Promise<Instance> {
  const [settings, inherited, isHostBridge] = await Promise.all([
    shop.readSettings(options),
    inheritedDevices(shop.client, spec.profiles, options),
    isBridge(shop.client, spec, options),
  ])
  const job = {shop, name, settings, next: (wire: WireInstance) => nextInstance(wire, {spec, inherited, isHostBridge})}
  const {value: wire, etag} = await read(shop, name, options)
  const next = job.next(wire)
  const difference = differenceOf(wire, next, settings)
  const wasRunning = isUp(wire)
  const target = moveTo(wire, spec)
  if (!wasRunning || (!difference.needsRestart && target === undefined)) {
    await change(job, {wire, etag}, options)
    if (target !== undefined) await shop.client.operate(moveInstance(name, target), options)
    return instanceOf(await currentInstance(shop.client, name, options))
  }
  refuseEphemeral(wire)
  options?.onProgress?.('restarting')
  await stopInstance(shop.client, name, options)
  return whileStopped(shop, name, options, async () => {
    await change(job, await read(shop, name, options), options)
    if (target !== undefined) await shop.client.operate(moveInstance(name, target), options)
  })
}

/** Does the work on a machine that was stopped for it, and starts it again, also when the work fails. */
export async function whileStopped(
  {client}: Workshop,
  name: string,
  options: CallOptions | undefined,
  work: () => Promise<void>,
): Promise<Instance> {
  try {
    await work()
  } catch (error) {
    if (!isAbort(error)) await startInstance(client, name).catch(() => undefined)
    throw error
  }
  try {
    return await startInstance(client, name, options)
  } catch (error) {
    if (!isOmniError(error) || isAbort(error)) throw error
    throw new OmniError(error.code, `'${name}' was changed but does not start: ${error.message}`, {
      hint: `omni logs ${name}`,
      cause: error,
    })
  }
}

interface Job {
  readonly shop: Mender
  readonly name: string
  readonly settings: Settings
  readonly next: (wire: WireInstance) => InstancePut
}

interface Version {
  readonly wire: WireInstance
  readonly etag: string | undefined
}

const read = async ({client}: Workshop, name: string, options?: CallOptions) => {
  const {value, etag} = await client.fetch(instanceWire, readInstance(name), options)
  return {value, wire: value, etag}
}

/** Changed by somebody else in between: read again, once. */
async function change(job: Job, version: Version, options?: CallOptions): Promise<void> {
  try {
    await send(job, version, options)
  } catch (error) {
    if (!isOmniError(error) || !/etag doesn't match/i.test(error.message)) throw error
    await send(job, await read(job.shop, job.name, options), options)
  }
}

async function send({shop, name, settings, next}: Job, {wire, etag}: Version, options?: CallOptions): Promise<void> {
  const wanted = next(wire)
  const {config, hasDevices, hasProfiles, isNone} = differenceOf(wire, wanted, settings)
  if (isNone) return
  if (hasDevices || hasProfiles) await shop.client.operate(putInstance(name, wanted, etag), options)
  else await shop.client.send(patchConfig(name, config, etag), options)
}

const isUp = (wire: WireInstance): boolean => instanceOf(wire).status !== 'stopped'

/** The member of the cluster that the machine goes to, when it is on another one. */
function moveTo({location}: WireInstance, {location: wanted}: InstanceSpec): string | undefined {
  if (wanted === undefined || wanted.startsWith('@') || location === 'none' || location === '') return undefined
  return location === wanted ? undefined : wanted
}
