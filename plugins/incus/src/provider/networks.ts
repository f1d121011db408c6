import {
  type CallOptions,
  isOmniError,
  messageOf,
  type NetworkFacet,
  type NetworkSpec,
  type NetworkState,
  OmniError,
  retry,
} from '@omni-cli/sdk'
import * as z from 'zod/mini'
import type {IncusClient, IncusRequest} from '../client/client.ts'
import {networkWire, type WireNetwork} from '../client/wire.ts'
import {hasLabels} from './labels.ts'
import {addressChooser, type NetworkSurroundings} from './networks-addresses.ts'
import {createOnMembers} from './networks-cluster.ts'
import {type Addresses, networkConfig, networkOf} from './networks-config.ts'
import {readLeases} from './networks-leases.ts'
import {readWritten} from './profiles-record.ts'
import {usersIn} from './profiles-users.ts'
import {listNetworks} from './requests.ts'

/** Networks that Incus makes and keeps; those of the host are listed too. */
export function createNetworks(client: IncusClient, surroundings: NetworkSurroundings = {}): NetworkFacet {
  const find = (name: string, options?: CallOptions) =>
    client.find(networkWire, {method: 'GET', path: pathTo(name)}, options)
  const get = async (name: string, options?: CallOptions): Promise<NetworkState | undefined> => {
    const found = await find(name, options)
    if (found === undefined) return undefined
    const state = networkOf(found.value, client.project)
    return state.managed ? {...state, leases: await readLeases(client, name, options)} : state
  }
  const observed = async (name: string, options?: CallOptions) => {
    const found = await get(name, options)
    if (found === undefined) throw missing(name)
    return found
  }
  const choose = addressChooser(client, surroundings)
  const inTurn = oneAtATime()
  return {
    get,
    async list({labels, project, ...options} = {}) {
      const request = {...listNetworks(), query: {recursion: '1', ...(project === undefined ? {} : {project})}}
      const {value} = await client.fetch(z.array(networkWire), request, options)
      const networks = value
        .filter(({type}) => type !== 'loopback')
        .map((wire) => networkOf(wire, project ?? client.project))
      return networks.filter((network) => hasLabels(network.labels, labels))
    },
    // Two at once would choose the same subnet.
    create: (spec, options) =>
      inTurn(async () => {
        if ((await find(spec.name, options)) !== undefined) throw taken(spec.name)
        const addresses = await choose({spec, options})
        await make(client, {spec, addresses}, options)
        return observed(spec.name, options)
      }),
    update: (name, spec, options) =>
      inTurn(async () => {
        const found = await find(name, options)
        if (found === undefined) throw missing(name)
        const before = found.value.config
        const config = networkConfig(spec, await choose({spec, options, before}), before)
        const wasDescribed = readWritten(before)?.description === true
        const json = {description: spec.description ?? (wasDescribed ? '' : found.value.description), config}
        await change(client, {method: 'PUT', path: pathTo(name), json, etag: found.etag}, options)
        return observed(name, options)
      }),
    async remove(name, options) {
      await change(client, {method: 'DELETE', path: pathTo(name)}, options).catch(async (error: unknown) => {
        if (isOmniError(error) && error.code === 'NOT_FOUND') return
        const found = await find(name).catch(() => undefined)
        throw inUse(error, found?.value, client.project)
      })
    },
  }
}

interface Wanted {
  readonly spec: NetworkSpec
  readonly addresses: Addresses
}

async function make(client: IncusClient, {spec, addresses}: Wanted, options?: CallOptions): Promise<void> {
  const {name, description = ''} = spec
  const json = {name, type: 'bridge', description, config: networkConfig(spec, addresses)}
  const isCluster = await createOnMembers(client, name, options)
  await change(client, {method: 'POST', path: '/networks', json}, options).catch(async (error: unknown) => {
    if (isOmniError(error) && /the network already exists|unique constraint/i.test(error.message)) {
      throw taken(name, error)
    }
    // Some members have it already then.
    if (isCluster) await client.send({method: 'DELETE', path: pathTo(name)}).catch(() => undefined)
    throw error
  })
}

/** Incus looks at all interfaces of the host, and fails when one of them goes away meanwhile: a machine that stops. */
const change = (client: IncusClient, request: IncusRequest, options: CallOptions = {}): Promise<void> =>
  retry(
    {
      attempts: 8,
      baseMs: 100,
      maxMs: 1_000,
      signal: options.signal,
      when: (error) => /link show .*does not exist/i.test(messageOf(error)),
    },
    () => client.send(request, options),
  )

function inUse(error: unknown, wire: WireNetwork | undefined, project: string): unknown {
  const users = wire === undefined ? [] : usersIn(wire.used_by, project)
  if (wire === undefined || users.length === 0) return error
  return new OmniError('CONFLICT', `network '${wire.name}' is used by ${users.join(', ')}`, {
    hint: 'remove them, or take them out of it, first',
    cause: error,
  })
}

/** Runs one after the other what is given to it at the same time. */
function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const next = last.then(work)
    last = next.catch(() => undefined)
    return next
  }
}

const pathTo = (name: string) => `/networks/${encodeURIComponent(name)}`

const missing = (name: string) => new OmniError('NOT_FOUND', `no network '${name}'`, {hint: 'omni get networks'})

const taken = (name: string, cause?: unknown) =>
  new OmniError('CONFLICT', `network '${name}' exists already`, {hint: 'omni get networks', cause})
