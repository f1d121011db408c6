import {sleep} from '@omni-cli/sdk'
import type {Api} from '../api.ts'
import type {ConformanceCheck} from '../check.ts'
import {equal, isRecord, list, member, ok, status} from '../expect.ts'

/** An id as agents make them: milliseconds. */
const agentId = (): string => String(Date.now() * 10 + Math.floor(Math.random() * 10))

async function register(api: Api, id: string, address: string): Promise<void> {
  const body = `{"node_id":${id},"address":"${address}","labels":{"hostname":"${address.split(':')[0]}"}}`
  const answer = await api.send('POST', '/api/v1/cluster/register', {
    body,
    headers: {'content-type': 'application/json'},
  })
  status(answer, 200, 'register')
  equal(answer.json(), {status: 'ok'}, 'register')
}

async function heartbeat(api: Api, id: string, workloads: readonly unknown[] = []): Promise<readonly unknown[]> {
  const body = `{"node_id":${id},"workloads":${JSON.stringify(workloads)}}`
  const headers = {'content-type': 'application/json'}
  const answer = await api.send('POST', '/api/v1/cluster/heartbeat', {body, headers})
  status(answer, 200, 'heartbeat')
  return list(answer.json(), 'commands')
}

/** The row of a node, by the digits of its id: they do not fit into a number. */
async function drainOf(api: Api, id: string): Promise<boolean | undefined> {
  const {text} = await api.send('GET', '/api/v1/cluster/info')
  const nodes = JSON.parse(text.replace(/("node_id"\s*:\s*)(\d+)/g, '$1"$2"')) as unknown
  const row = list(nodes, 'nodes').find((node) => isRecord(node) && node.node_id === id)
  return isRecord(row) ? row.drain === true : undefined
}

/** Nodes: who is there, and where work goes. */
export const clusterChecks: readonly ConformanceCheck[] = [
  {
    group: 'cluster',
    name: 'the info names the cluster, and this node with its address, labels and whether it drains',
    async run({api}) {
      const answer = await api.send('GET', '/api/v1/cluster/info')
      status(answer, 200, 'info')
      const value = answer.json()
      member(value, 'cluster_name', 'string')
      const nodes = list(value, 'nodes')
      equal(member(value, 'node_count', 'number'), nodes.length, 'node_count')
      const [first] = nodes
      member(first, 'node_id', 'number')
      member(first, 'drain', 'boolean')
      ok(/:\d+$/.test(member(first, 'address', 'string')), 'the address has no port')
      ok(!Number.isNaN(Date.parse(member(first, 'last_heartbeat', 'string'))), 'last_heartbeat is no time')
      ok(/"last_heartbeat":"[^"]+Z"/.test(answer.text), 'last_heartbeat is not in UTC')
    },
  },
  {
    group: 'cluster',
    name: 'a registered node is drained and undrained',
    async run({api, bench}) {
      const id = agentId()
      await register(api, id, `${bench.mark}.example.test:7000`)
      for (const [verb, word, isDrained] of [
        ['drain', 'drained', true],
        ['undrain', 'undrained', false],
      ] as const) {
        const answer = await api.send('POST', `/api/v1/cluster/nodes/${id}/${verb}`)
        equal([answer.status, answer.json()], [200, {status: word}], verb)
        equal(await drainOf(api, id), isDrained, 'drain')
      }
    },
  },
  {
    group: 'cluster',
    name: 'draining a node that nobody knows is a 404 in JSON; an id that is no number a 400',
    async run({api}) {
      const unknown = await api.send('POST', '/api/v1/cluster/nodes/7/drain')
      equal([unknown.status, unknown.json()], [404, {error: 'node not found'}], 'unknown node')
      const odd = await api.send('POST', '/api/v1/cluster/nodes/abc/drain')
      equal([odd.status, odd.text], [400, 'Invalid URL: Cannot parse `abc` to a `u64`'], 'odd id')
    },
  },
  {
    group: 'cluster',
    name: 'a node id keeps all its 64 bits',
    async run({api, bench}) {
      const id = '17446744073709551557'
      await register(api, id, `${bench.mark}.example.test:7000`)
      equal(await drainOf(api, id), false, 'the node')
    },
  },
  {
    group: 'cluster',
    name: 'a service placed on a node that is there is given to it, once',
    needs: ['containers'],
    async run({api, bench}) {
      const [id, host, name] = [agentId(), `${bench.mark}.example.test`, bench.name()]
      await register(api, id, `${host}:7000`)
      await heartbeat(api, id)
      const deploy = bench.deploy(bench.service(name, {placement: {node: host}}))
      const commands: unknown[] = []
      for (let beat = 0; beat < 100 && commands.length === 0; beat++) {
        commands.push(...(await heartbeat(api, id)))
        await sleep(50)
      }
      commands.push(...(await heartbeat(api, id, [{service_name: name, status: 'running'}])))
      status(await deploy, 200, 'deploy')
      equal(commands.length, 1, 'commands for the node')
      equal(member(commands[0], 'action', 'string'), 'deploy', 'action')
      equal(member(member(commands[0], 'spec', 'object'), 'name', 'string'), name, 'name in the command')
    },
  },
]
