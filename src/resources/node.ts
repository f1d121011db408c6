import {type CallOptions, type NodeInfo, requireFacet, type ServiceEngine} from '@omni-cli/sdk'
import {age, factLines, labelText} from './cells.ts'
import {defineKind} from './kind.ts'

type Node = NodeInfo & {readonly name: string}

/** Hosts that run services. */
export const nodeKind = defineKind<Node, 'service'>({
  kind: 'node',
  plural: 'nodes',
  short: [],
  contract: 'service',
  columns: [
    {header: 'NAME', value: ({name}) => name},
    {header: 'ADDRESS', value: ({address}) => address},
    {header: 'STATUS', value: statusOf, tone: ({draining}) => (draining ? 'warn' : 'good')},
    {header: 'SEEN', value: ({lastSeen}) => age(lastSeen), align: 'right'},
    {header: 'LABELS', value: ({labels}) => labelText(labels), wide: true},
  ],
  list: listNodes,
  get: async (engine, name, options) => (await listNodes(engine, options)).find((node) => node.name === name),
  labelsOf: ({labels}) => labels,
  changeKey: (node) => JSON.stringify([node.address, node.draining, node.labels]),
  lines: (node) =>
    factLines({
      name: node.name,
      address: node.address,
      status: statusOf(node),
      seen: node.lastSeen,
      labels: labelText(node.labels),
    }),
})

async function listNodes(engine: ServiceEngine, options: CallOptions): Promise<Node[]> {
  const nodes = await requireFacet(engine, 'nodes').list(options)
  return nodes.map((node) => ({name: node.id, ...node}))
}

function statusOf({draining}: Node): string {
  return draining ? 'draining' : 'ready'
}
