import type {NodeInfo} from '@omni-cli/sdk'
import type {FastifyInstance} from 'fastify'
import {type ApiContext, param} from './context.ts'
import {nodeIdOf} from './node-id.ts'
import {HttpProblem} from './problem.ts'

/** The nodes of the engine, in Orca's words. Joining nodes belongs to runtimes with several hosts. */
export function clusterRoutes(app: FastifyInstance, {control, port}: ApiContext): void {
  app.get('/api/v1/cluster/info', async (_request, reply) => {
    reply.type('application/json; charset=utf-8')
    const nodes = await control.nodes()
    return clusterInfoJson(
      control.clusterName,
      nodes.map((node) => ({...node, address: withPort(node.address, port())})),
    )
  })
  for (const route of ['register', 'heartbeat']) {
    app.post(`/api/v1/cluster/${route}`, async () => {
      throw new HttpProblem(501, 'this engine runs on one machine: there is no cluster that a node could join')
    })
  }
  for (const verb of ['drain', 'undrain']) {
    app.post(`/api/v1/cluster/nodes/:node_id/${verb}`, async (request) => {
      const id = nodeIdParam(param(request, 'node_id'))
      const nodes = await control.nodes()
      if (!nodes.some((node) => nodeIdOf(node.id) === id)) throw new HttpProblem(404, {error: 'node not found'})
      throw new HttpProblem(501, {error: 'the only node of this engine cannot be drained: stop its services instead'})
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
  if (/^\d{1,20}$/.test(text) && BigInt(text) < 1n << 64n) return String(BigInt(text))
  throw new HttpProblem(400, `Invalid URL: Cannot parse \`${text}\` to a \`u64\``)
}
