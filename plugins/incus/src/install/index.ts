import {type CallOptions, type DriverContext, type InstallFacet, isAbort, isOmniError} from '@omni-cli/sdk'
import * as z from 'zod/mini'
import type {IncusClient} from '../client/client.ts'
import {networkWire, profileWire} from '../client/wire.ts'
import {hostFacts} from './facts.ts'
import {type DaemonState, planInstall} from './plan-install.ts'

/** How Incus comes onto this machine: by its packages, with storage, a bridge and a default profile. */
export function createInstall({env}: Pick<DriverContext, 'env'>, client: IncusClient): InstallFacet {
  return {
    async plan(options) {
      const [host, daemon] = await Promise.all([hostFacts(env), daemonState(client, options)])
      return planInstall(host, daemon)
    },
  }
}

async function daemonState(client: IncusClient, options: CallOptions | undefined): Promise<DaemonState> {
  try {
    await client.server(options)
    const ask = <T>(schema: z.ZodMiniType<T>, path: string, recursion = '1') =>
      client.fetch(schema, {method: 'GET', path, query: {recursion}}, options)
    const [pools, networks, profile] = await Promise.all([
      ask(z.array(z.object({name: z.string()})), '/storage-pools'),
      ask(z.array(networkWire), '/networks'),
      ask(profileWire, '/profiles/default'),
    ])
    const devices = Object.values(profile.value.devices)
    return {
      pools: pools.value.map(({name}) => name),
      bridges: networks.value.filter(({managed, type}) => managed && type === 'bridge').map(({name}) => name),
      hasRoot: devices.some(({type, path}) => type === 'disk' && path === '/'),
      hasCard: devices.some(({type}) => type === 'nic'),
    }
  } catch (error) {
    if (isAbort(error) || !isOmniError(error)) throw error
    return error.code === 'UNAUTHORIZED' ? 'closed' : 'silent'
  }
}
