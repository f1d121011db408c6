import {aborted, type CallOptions, type Instance, isOmniError, nameProblem, OmniError} from '@omni-cli/sdk'
import type {IncusClient} from '../client/client.ts'
import {instanceWire, type WireInstance} from '../client/wire.ts'
import {withoutAddresses} from './copies-devices.ts'
import {withoutOwner} from './copies-labels.ts'
import {importFailure, isAboutFile} from './import-failure.ts'
import {instanceOf} from './map.ts'
import {getInstance, putInstance, readInstance, removeInstance} from './requests.ts'

interface Import {
  readonly name: string
  readonly body: NodeJS.ReadableStream
}

const SUCCESS = 200

/** A machine from a backup file: stopped, with a MAC of its own and without owner labels. */
export async function importInstance(
  client: IncusClient,
  {name, body}: Import,
  options: CallOptions = {},
): Promise<Instance> {
  const problem = nameProblem(name)
  if (problem !== undefined) throw new OmniError('USAGE', `'${name}': ${problem}`, {hint: 'omni import FILE NAME'})
  if ((await client.find(instanceWire, readInstance(name), options)) !== undefined) throw taken(name)
  await unpack(client, {name, body}, options)
  try {
    if (options.signal?.aborted) throw aborted(options.signal)
    const {value, etag} = await client.fetch(instanceWire, readInstance(name))
    await client.operate(putInstance(name, asOwn(value), etag))
    return instanceOf((await client.fetch(instanceWire, getInstance(name))).value)
  } catch (error) {
    await client.operate(removeInstance(name)).catch(() => undefined)
    throw error
  }
}

/** Incus cannot be stopped while it unpacks, so that the end is waited for even when we were: what came is removed then. */
async function unpack(client: IncusClient, {name, body}: Import, options: CallOptions): Promise<void> {
  const headers = {'x-incus-name': name}
  const request = {method: 'POST', path: '/instances', body, headers} as const
  const operation = await client.begin(request, options).catch((error: unknown) => {
    throw isOmniError(error) && isAboutFile(error.message) ? importFailure(name, error.message) : error
  })
  options.onProgress?.('unpacking on the server')
  const ended = await client.settle(operation)
  if (ended === undefined || ended.status_code === SUCCESS) return
  if (/unique constraint|already exists/i.test(ended.err)) throw taken(name)
  throw importFailure(name, ended.err)
}

/** Without what belongs to the machine that the file was made of. */
function asOwn({architecture, config, devices, ephemeral, profiles, stateful, description}: WireInstance) {
  const changes = withoutOwner(config)
  const isKept = ([key]: [string, string]) => changes[key] !== '' && !/^volatile\..*\.hwaddr$/.test(key)
  return {
    architecture,
    config: Object.fromEntries(Object.entries({...config, ...changes}).filter(isKept)),
    devices: {...devices, ...withoutAddresses(devices)},
    ephemeral,
    profiles,
    stateful,
    description,
  }
}

const taken = (name: string): OmniError =>
  new OmniError('CONFLICT', `instance '${name}' exists already`, {hint: `omni get instance ${name}`})
