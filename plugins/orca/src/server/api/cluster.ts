import type {NodeInfo} from '@omni-cli/sdk'
import type {FastifyInstance, FastifyRequest} from 'fastify'
import {nodeIdOf} from '../nodes/node-id.ts'
import {auditTarget} from './audit.ts'
import {bodyProblem, decode, readJson} from './body.ts'
import {type ApiContext, param} from './context.ts'
import {HttpProblem} from './problem.ts'
import {heartbeatRequest, registerRequest} from './schemas.ts'

/** The nodes of the engine, in Orca's words. Agents of Orca join with its two calls and ask for work every few seconds. */
export function clusterRoutes(app: FastifyInstance, {control, nodes, port}: ApiContext): void {
  app.get('/api/v1/cluster/info', async (_request, reply) => {
    reply.type('application/json; charset=utf-8')
    const all = await control.nodes()
    return clusterInfoJson(
      control.clusterName,
      all.map((node) => ({...node, address: withPort(node.address, port())})),
    )
  })
  app.post('/api/v1/cluster/register', async (request) => {
    const {node_id, address, labels} = decode(registerRequest, await readWithNodeId(request))
    auditTarget(request, `${address} ${node_id}`)
    nodes.register({id: node_id, address, labels: labels ?? {}})
    return {status: 'ok'}
  })
  app.post('/api/v1/cluster/heartbeat', async (request) => {
    const {node_id, workloads} = decode(heartbeatRequest, await readWithNodeId(request))
    const commands = nodes.heartbeat(node_id, workloads ?? [])
    if (commands.length > 0) auditTarget(request, `${node_id}: ${commands.map(({spec}) => spec.name).join(', ')}`)
    return {commands}
  })
  for (const verb of ['drain', 'undrain'] as const) {
    app.post(`/api/v1/cluster/nodes/:node_id/${verb}`, async (request) => {
      const id = nodeIdParam(param(request, 'node_id'))
      if (nodes.setDraining(id, verb === 'drain') === undefined) throw new HttpProblem(404, {error: 'node not found'})
      return {status: `${verb}ed`}
    })
  }
}

/** Node ids have 64 bits, which a number of JavaScript cannot hold: they are written digit by digit. */
export function clusterInfoJson(clusterName: string, nodes: readonly NodeInfo[]): string {
  const list = nodes.map((node) => {
    const rest = JSON.stringify({
      address: node.address,
      labels: node.labels,
      last_heartbeat: node.lastSeen,
      drain: node.draining,
    })
    return `{"node_id":${nodeIdOf(node.id)},${rest.slice(1)}`
  })
  return `{"cluster_name":${JSON.stringify(clusterName)},"node_count":${nodes.length},"nodes":[${list.join(',')}]}`
}

/** Orca's addresses always have the port of the API. */
const withPort = (address: string, port: number | undefined): string =>
  port === undefined || /:\d+$/.test(address) ? address : `${address}:${port}`

function nodeIdParam(text: string): string {
  if (isU64(text)) return String(BigInt(text))
  throw new HttpProblem(400, `Invalid URL: Cannot parse \`${text}\` to a \`u64\``)
}

/** A body with `node_id` as digits: as a number it would be rounded. */
async function readWithNodeId(request: FastifyRequest): Promise<unknown> {
  const body = await readJson(request, {
    reviver: (key, value, source) => (key === 'node_id' && typeof value === 'number' ? source : value),
  })
  if (typeof body !== 'object' || body === null || !('node_id' in body)) return body
  const id = body.node_id
  if (typeof id !== 'string') return body
  if (!isU64(id)) throw bodyProblem(['node_id'], 'expected a u64')
  return {...body, node_id: String(BigInt(id))}
}

const isU64 = (text: string): boolean => /^\d{1,20}$/.test(text) && BigInt(text) < 1n << 64n
