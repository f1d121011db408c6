import {type CallOptions, type NodeFacet, type NodeInfo, OmniError} from '@omni-cli/sdk'
import * as z from 'zod/mini'
import type {IncusClient} from '../client/client.ts'
import {listMembers} from './requests.ts'

const memberWire = z.object({
  server_name: z.string(),
  url: z.string(),
  status: z.string(),
  message: z._default(z.string(), ''),
  roles: z.nullish(z.array(z.string())),
  groups: z.nullish(z.array(z.string())),
  failure_domain: z._default(z.string(), ''),
  architecture: z._default(z.string(), ''),
})
type WireMember = z.output<typeof memberWire>

/** Members of the cluster. To drain one moves its machines to others, or stops those that cannot move; undraining brings them back. */
export function createNodes(client: IncusClient): NodeFacet {
  const change = async (id: string, action: 'evacuate' | 'restore', options?: CallOptions): Promise<NodeInfo> => {
    const member = (await listAll(client, options)).find(({server_name: name}) => name === id)
    if (member === undefined)
      throw new OmniError('NOT_FOUND', `the cluster has no member '${id}'`, {hint: 'omni get nodes'})
    const isDrained = member.status === 'Evacuated'
    if (isDrained === (action === 'evacuate')) return nodeOf(member)
    const path = `/cluster/members/${encodeURIComponent(id)}`
    await client.operate({method: 'POST', path: `${path}/state`, json: {action}}, options)
    return nodeOf((await client.fetch(memberWire, {method: 'GET', path}, options)).value)
  }
  return {
    list: async (options) => (await listAll(client, options)).map(nodeOf),
    drain: (id, options) => change(id, 'evacuate', options),
    undrain: (id, options) => change(id, 'restore', options),
  }
}

/** Empty for a server alone. */
async function listAll(client: IncusClient, options?: CallOptions): Promise<WireMember[]> {
  const {environment} = await client.server(options)
  if (environment?.server_clustered !== true) return []
  return (await client.fetch(z.array(memberWire), listMembers(), options)).value
}

function nodeOf(member: WireMember): NodeInfo {
  const {server_name: id, url, status, message, roles, groups, architecture, failure_domain: domain} = member
  return {
    id,
    address: url,
    labels: {
      status: status.toLowerCase(),
      ...(message === '' ? {} : {message}),
      ...(domain === '' || domain === 'default' ? {} : {domain}),
      ...(architecture === '' ? {} : {architecture}),
      ...textOf('roles', roles),
      ...textOf('groups', groups),
    },
    draining: status === 'Evacuated',
    lastSeen: seenAt(member),
  }
}

/** Incus tells when it has last seen a member only of one that is away: `No heartbeat for 27.3s (2026-…)`. */
function seenAt({status, message}: WireMember): string {
  const silent = /no heartbeat (?:for|since) ((?:\d+(?:\.\d+)?(?:ns|µs|ms|h|m|s))+)/i.exec(message)?.[1]
  const ms = status === 'Offline' && silent !== undefined ? goDuration(silent) : 0
  return new Date(Date.now() - ms).toISOString()
}

function goDuration(text: string): number {
  const units: Readonly<Record<string, number>> = {h: 3_600_000, m: 60_000, s: 1_000, ms: 1}
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ns|µs|ms|h|m|s)/g)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (units[unit ?? ''] ?? 0),
    0,
  )
}

const textOf = (label: string, names: readonly string[] | null | undefined): Record<string, string> =>
  names === undefined || names === null || names.length === 0 ? {} : {[label]: names.join(',')}
