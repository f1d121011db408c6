import type {CallOptions} from '@omni-cli/sdk'
import * as z from 'zod/mini'
import type {IncusClient} from '../client/client.ts'
import {listMembers} from './requests.ts'

const memberWire = z.object({server_name: z.string()})

/** In a cluster each member is told of a network before it is made. Half of it is taken away again. False: it is none. */
export async function createOnMembers(client: IncusClient, name: string, options?: CallOptions): Promise<boolean> {
  const {environment} = await client.server(options)
  if (environment?.server_clustered !== true) return false
  const {value} = await client.fetch(z.array(memberWire), listMembers(), options)
  try {
    for (const {server_name: target} of value) {
      await client.send({method: 'POST', path: '/networks', query: {target}, json: {name, type: 'bridge'}}, options)
    }
  } catch (error) {
    await client.send({method: 'DELETE', path: `/networks/${encodeURIComponent(name)}`}).catch(() => undefined)
    throw error
  }
  return true
}
