import type {ClusterCheck} from '@omni-cli/sdk'
import {capacityOf} from './capacity.ts'
import type {Look} from './health-look.ts'
import {NODE} from './kinds.ts'

const MOST_NAMED = 5

/** How many nodes take pods, and why the others do not. */
export const nodesCheck: Look = async (client, call) => {
  const {nodes} = capacityOf(await client.list(NODE, call), [])
  const bad = nodes.filter(({usable}) => !usable)
  const message = `${nodes.length - bad.length} of ${nodes.length} ready`
  if (bad.length === 0 && nodes.length > 0) return [{name: 'nodes', status: 'ok', message}]
  const named = bad.slice(0, MOST_NAMED).map(({name, reason}) => `${name}: ${reason}`)
  const more = bad.length > MOST_NAMED ? [`${bad.length - MOST_NAMED} more`] : []
  // That nobody may use the nodes of the control plane, or one that is repaired, is meant so.
  const isMeant = bad.every(({reason}) => reason === 'control plane only' || reason === 'cordoned')
  const status = nodes.length === bad.length ? 'failed' : isMeant ? 'ok' : 'warning'
  const check: ClusterCheck = {name: 'nodes', status, message: [message, ...named, ...more].join('; ')}
  return [status === 'ok' ? check : {...check, hint: 'omni get nodes --output wide'}]
}
