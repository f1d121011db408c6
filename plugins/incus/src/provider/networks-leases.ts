import type {CallOptions, NetworkLease} from '@omni-cli/sdk'
import {z} from 'zod'
import type {IncusClient} from '../client/client.ts'

const leaseWire = z.object({
  hostname: z.string(),
  address: z.string(),
  hwaddr: z.string().default(''),
  type: z.string().default(''),
})

/** Addresses that were given out, those that are kept for somebody included; not that of the host itself. */
export async function readLeases(client: IncusClient, network: string, options?: CallOptions): Promise<NetworkLease[]> {
  const path = `/networks/${encodeURIComponent(network)}/leases`
  const found = await client.find(z.array(leaseWire).nullable(), {method: 'GET', path}, options)
  return (found?.value ?? [])
    .filter(({type}) => type !== 'gateway')
    .map(({hostname, address, hwaddr}) => ({instance: hostname, address, ...(hwaddr === '' ? {} : {mac: hwaddr})}))
}
