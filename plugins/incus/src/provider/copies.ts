import {type CallOptions, type CopyFacet, isOmniError, nameProblem, OmniError} from '@omni-cli/sdk'
import * as z from 'zod/mini'
import type {IncusClient, IncusRequest} from '../client/client.ts'
import {instanceWire, type WireInstance} from '../client/wire.ts'
import {withoutAddresses} from './copies-devices.ts'
import {withoutOwner} from './copies-labels.ts'
import {instanceOf} from './map.ts'
import {getInstance, readInstance} from './requests.ts'

/** Copies on the server; a copy of a machine has its snapshots too, one of a snapshot is that alone. */
export function createCopies(client: IncusClient): CopyFacet {
  return {
    async copy(name, to, {snapshot, ...options} = {}) {
      const problem = nameProblem(to)
      if (problem !== undefined) throw new OmniError('USAGE', `'${to}': ${problem}`, {hint: `omni copy ${name} NAME`})
      const from = await readSource(client, {name, snapshot}, options)
      if ((await client.find(instanceWire, readInstance(to), options)) !== undefined) throw taken(to)
      await client.operate(copyRequest(from, {name, to, snapshot}), options).catch((error: unknown) => {
        throw isOmniError(error) && error.code === 'CONFLICT' && /unique|exists/i.test(error.message)
          ? taken(to, error)
          : error
      })
      return instanceOf((await client.fetch(instanceWire, getInstance(to), options)).value)
    },
  }
}

interface Wanted {
  readonly name: string
  readonly to: string
  readonly snapshot?: string | undefined
}

type Source = Pick<WireInstance, 'architecture' | 'config' | 'devices' | 'location' | 'profiles' | 'type'>

/**
 * Incus takes the settings of the source but for those given here; an empty text leaves one out. In a cluster the copy stays
 * on the same member.
 */
function copyRequest(from: Source, {name, to, snapshot}: Wanted): IncusRequest {
  const source = snapshot === undefined ? name : `${name}/${snapshot}`
  const {architecture, location, profiles, type} = from
  return {
    method: 'POST',
    path: '/instances',
    ...(location === 'none' ? {} : {query: {target: location}}),
    json: {
      name: to,
      type,
      architecture,
      profiles,
      source: {type: 'copy', source, instance_only: snapshot !== undefined},
      config: withoutOwner(from.config),
      devices: withoutAddresses(from.devices) ?? {},
    },
  }
}

const snapshotSource = z.pick(instanceWire, {config: true, devices: true, profiles: true})

async function readSource(
  client: IncusClient,
  {name, snapshot}: Omit<Wanted, 'to'>,
  options: CallOptions,
): Promise<Source> {
  const instance = readInstance(name)
  const {value} = await client.fetch(instanceWire, instance, options)
  if (snapshot === undefined) return value
  const path = `${instance.path}/snapshots/${encodeURIComponent(snapshot)}`
  const found = await client.find(snapshotSource, {method: 'GET', path}, options)
  if (found !== undefined) return {...value, ...found.value}
  throw new OmniError('NOT_FOUND', `no snapshot '${snapshot}' of '${name}'`, {hint: `omni snapshot list ${name}`})
}

const taken = (to: string, cause?: unknown): OmniError =>
  new OmniError('CONFLICT', `instance '${to}' exists already`, {hint: `omni get instance ${to}`, cause})
