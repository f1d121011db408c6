import {type CallOptions, type NodeInfo, OmniError, requireFacet, type ServiceEngine} from '@omni-cli/sdk'
import {type ItemView, itemView, type ListView, listView} from '@omni-cli/sdk/cli'
import {age, labelText} from '../resources/cells.ts'

/** The server gives such a node nothing more, and counts what it ran as gone. */
const SILENT_MS = 30_000

/**
 * Machines of an engine. Ids are texts: they have more digits than a number of JSON readers holds. Which ones are silent is
 * told by the newest sign of life, which is that of the server itself: the clock here may be another one.
 */
export function nodesView(nodes: readonly NodeInfo[]): ListView<NodeInfo> {
  const newestMs = Math.max(...nodes.map(({lastSeen}) => Date.parse(lastSeen)))
  const isSilent = ({lastSeen}: NodeInfo) => newestMs - Date.parse(lastSeen) > SILENT_MS
  const columns: ListView<NodeInfo>['columns'] = [
    {header: 'ID', value: ({id}) => id},
    {header: 'ADDRESS', value: ({address}) => address},
    {
      header: 'STATUS',
      value: (node) =>
        [...(node.draining ? ['drained'] : []), ...(isSilent(node) ? ['silent'] : [])].join(', ') || 'ready',
      tone: (node) => (isSilent(node) ? 'bad' : node.draining ? 'warn' : 'good'),
    },
    {header: 'SEEN', value: ({lastSeen}) => age(lastSeen), align: 'right'},
    {header: 'LABELS', value: ({labels}) => labelText(labels)},
  ]
  return listView({
    rows: nodes,
    columns,
    ref: ({id}) => `node/${id}`,
    empty: 'there is no node; the engine does not run',
  })
}

export const nodeView = (node: NodeInfo): ItemView<NodeInfo> =>
  itemView({
    data: node,
    ref: `node/${node.id}`,
    text: ({address, id, draining}) => [
      draining
        ? `node ${address} (${id}) gets nothing new; what runs there runs on`
        : `node ${address} (${id}) gets services again`,
    ],
  })

/**
 * Drains a node, or ends that; by id, address, host name, or `localhost` for the machine of the server. NOT_FOUND for an
 * unknown one, USAGE when several have the name, UNSUPPORTED when the engine places services itself.
 */
export async function setDraining(
  engine: ServiceEngine,
  verb: 'drain' | 'undrain',
  name: string,
  options: CallOptions,
): Promise<NodeInfo> {
  const facet = requireFacet(engine, 'nodes')
  const change = facet[verb]
  if (change === undefined) throw new OmniError('UNSUPPORTED', `'${engine.name}' cannot ${verb} a node`)
  const found = (await facet.list(options)).filter((node) => namesOf(node).includes(name))
  const [node, ...others] = found
  if (node === undefined) throw new OmniError('NOT_FOUND', `there is no node '${name}'`, {hint: 'omni node list'})
  if (others.length > 0) {
    const ids = found.map(({id}) => id).join(', ')
    throw new OmniError('USAGE', `'${name}' names several nodes: ${ids}`, {hint: `omni node ${verb} ${node.id}`})
  }
  return change(node.id, options)
}

const namesOf = ({id, address, labels}: NodeInfo): (string | undefined)[] => [
  id,
  address,
  address.replace(/:\d+$/, ''),
  labels.hostname,
]
