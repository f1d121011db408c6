import type {CallOptions, NetworkLease} from '@omni-cli/sdk'
import * as z from 'zod/mini'
import type {IncusClient} from '../client/client.ts'

const leaseWire = z.object({
  hostname: z.string(),
  address: z.string(),
  hwaddr: z._default(z.string(), ''),
  type: z._default(z.string(), ''),
})

/** Addresses that were given out, those that are kept for somebody included; not that of the host itself. */
export async function readLeases(client: IncusClient, network: string, options?: CallOptions): Promise<NetworkLease[]> {
  const path = `/networks/${encodeURIComponent(network)}/leases`
  const found = await client.find(z.nullable(z.array(leaseWire)), {method: 'GET', path}, options)
  return (found?.value ?? [])
    .filter(({type}) => type !== 'gateway')
    .map(({hostname, address, hwaddr}) => ({instance: hostname, address, ...(hwaddr === '' ? {} : {mac: hwaddr})}))
}
