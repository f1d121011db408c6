import {randomUUID} from 'node:crypto'
import {
  type CallOptions,
  type Instance,
  type InstanceSpec,
  isAbort,
  isOmniError,
  messageOf,
  OmniError,
} from '@omni-cli/sdk'
import * as z from 'zod/mini'
import type {IncusClient} from '../client/client.ts'
import {instanceWire, networkWire, profileWire, type WireInstance} from '../client/wire.ts'
import type {IncusSettings} from '../config.ts'
import {configOf, userDataOf} from './create-config.ts'
import {firstErrors} from './create-log.ts'
import {devicesOf} from './devices.ts'
import type {Images} from './images.ts'
import {instanceOf} from './map.ts'
import {readRecord, recordOf} from './map-record.ts'
import type {Devices} from './map-settings.ts'
import {
  changeState,
  createInstance,
  getInstance,
  type InstanceBody,
  listNetworks,
  listProfiles,
  removeInstance,
} from './requests.ts'

/** What makes and changes machines. */
export interface Workshop {
  readonly client: IncusClient
  readonly settings: IncusSettings
  readonly images: Images
}

/** Makes the machine and starts it, in one operation where the server can. What was half made by this call is taken away. */
export async function makeInstance(shop: Workshop, spec: InstanceSpec, options?: CallOptions): Promise<Instance> {
  const {client} = shop
  const id = randomUUID()
  const body = await bodyOf(shop, spec, id, options)
  const startsAlong = await client.has('instance_create_start', options)
  options?.onProgress?.('creating')
  try {
    await client.operate(createInstance({...body, ...(startsAlong ? {start: true} : {})}, spec.location), options)
    if (!startsAlong) await client.operate(changeState(spec.name, {action: 'start', timeout: -1}), options)
  } catch (error) {
    if (isAbort(error)) throw error
    throw await explainFailure(client, {name: spec.name, id}, error)
  }
  return observed(client, {name: spec.name, id}, options)
}

async function bodyOf(
  shop: Workshop,
  spec: InstanceSpec,
  id: string,
  options: CallOptions | undefined,
): Promise<InstanceBody> {
  const [source, userData, inherited, isHostBridge] = await Promise.all([
    shop.images.source(spec.image, options),
    userDataOf(spec),
    needsProfiles(shop, spec) ? inheritedDevices(shop.client, spec.profiles, options) : {},
    isBridge(shop.client, spec, options),
  ])
  return {
    name: spec.name,
    type: spec.type === 'vm' ? 'virtual-machine' : 'container',
    config: configOf(spec, {userData, record: recordOf(spec, {id, userData})}),
    devices: devicesOf({spec, inherited, pool: shop.settings.pool, isHostBridge}),
    ...(spec.profiles === undefined ? {} : {profiles: spec.profiles}),
    source,
  }
}

const needsProfiles = ({settings}: Workshop, {disk, network}: InstanceSpec): boolean =>
  disk !== undefined || network !== undefined || settings.pool !== undefined

/** The devices that the profiles give together; an unknown profile gives none: the server says so itself. */
export async function inheritedDevices(
  client: IncusClient,
  names: readonly string[] = ['default'],
  options?: CallOptions,
): Promise<Devices> {
  const {value} = await client.fetch(z.array(profileWire), listProfiles(), options)
  const byName = new Map(value.map(({name, devices}) => [name, devices]))
  return Object.assign({}, ...names.map((name) => byName.get(name)))
}

/** Whether the network of the host that the machine joins is a bridge. */
export async function isBridge(client: IncusClient, {network}: InstanceSpec, options?: CallOptions): Promise<boolean> {
  if (network?.bridged !== true) return false
  const {value} = await client.fetch(z.array(networkWire), listNetworks(), options)
  return value.some(({name, type}) => name === network.name && type === 'bridge')
}

interface Made {
  readonly name: string
  /** Of this call: another one may have made a machine of the same name. */
  readonly id: string
}

async function observed(client: IncusClient, {name, id}: Made, options?: CallOptions): Promise<Instance> {
  const found = await client.find(instanceWire, getInstance(name), options)
  if (found === undefined || !isOurs(found.value, id)) {
    throw new OmniError('CONFLICT', `'${name}' was removed by somebody else while it was made`)
  }
  const instance = instanceOf(found.value)
  if (instance.status !== 'stopped') return instance
  throw new OmniError('UNAVAILABLE', `'${name}' ended right after its start`, {hint: `omni logs ${name}`})
}

const isOurs = ({config}: WireInstance, id: string): boolean => readRecord(config)?.id === id

/**
 * Says what became of it. A machine that this call has made and that never ran is removed, once its log has been read; one
 * whose log cannot be read is kept, and one of somebody else is never touched.
 */
async function explainFailure(client: IncusClient, {name, id}: Made, error: unknown): Promise<unknown> {
  const found = await client.find(instanceWire, getInstance(name)).catch(() => undefined)
  const isMade = found !== undefined && isOurs(found.value, id)
  if (isMade) {
    const unstarted = await takeAway(client, found.value, error)
    return isNameOnNetwork(error) ? takenElsewhere(name, error) : unstarted
  }
  const isTaken = /busy running an? "?create|already exists|unique constraint/i.test(messageOf(error))
  if (found !== undefined || isTaken) return taken(name, error)
  return isNameOnNetwork(error) ? takenElsewhere(name, error) : error
}

/** Removes a machine of ours that did not start. Returns the error that says why. */
async function takeAway(client: IncusClient, wire: WireInstance, error: unknown): Promise<OmniError> {
  const {name} = wire
  const code = isOmniError(error) ? error.code : 'UNAVAILABLE'
  const log = await firstErrors(client, wire).catch(() => undefined)
  // The program that failed tells less than its log.
  const reason = log?.[0] !== undefined && /^failed to run:/i.test(messageOf(error)) ? '' : `: ${messageOf(error)}`
  const isRemoved = log !== undefined && (await removeUnstarted(client, wire))
  const rest = isRemoved ? 'did not start and was removed again' : 'was made but does not start'
  return new OmniError(code, [`'${name}' ${rest}${reason}`, ...(log ?? [])].join('\n'), {
    hint: isRemoved ? undefined : `omni logs ${name}; omni delete instance ${name}`,
    details: log === undefined ? undefined : {log},
    cause: error,
  })
}

/** Whether it is gone. Right after the failure Incus may still be taking it down. */
async function removeUnstarted(client: IncusClient, wire: WireInstance): Promise<boolean> {
  const {status} = instanceOf(wire)
  if (status === 'running' || status === 'frozen') return false
  const {name} = wire
  try {
    await client.operate(changeState(name, {action: 'stop', force: true, timeout: 10})).catch(() => undefined)
    await client.operate(removeInstance(name))
    return true
  } catch {
    return false
  }
}

const taken = (name: string, cause: unknown) =>
  new OmniError('CONFLICT', `instance '${name}' exists already`, {hint: `omni get instance ${name}`, cause})

const isNameOnNetwork = (error: unknown): boolean =>
  /instance dns name .* (already used|conflict)|dns name.*(in use|conflict)/i.test(messageOf(error))

const takenElsewhere = (name: string, cause: unknown) =>
  new OmniError('CONFLICT', `the name '${name}' is taken in another project on the same network`, {
    hint: 'take another name, or a network of its own: network.name',
    cause,
  })
