import {formatDuration, type NodeInfo, type ServiceSpec} from '@omni-cli/sdk'
import type {Problem} from '../deploy/plan.ts'
import {LOOPBACK, thisHost} from './this-host.ts'

/** A node that is not heard of for so long runs nothing, as far as anybody knows. */
export const STALE_MS = 30_000

/** Where a service goes: this machine, another one, or nowhere. */
export type Place =
  | {readonly kind: 'local'}
  | {readonly kind: 'remote'; readonly node: NodeInfo}
  | {readonly kind: 'none'; readonly problem: Problem}

/**
 * Chooses the node: exactly what the placement says, never another one. Of several the one that has the service already,
 * then this machine (the first of the list), then the one that was heard of last.
 */
export function choosePlace(spec: ServiceSpec, nodes: readonly NodeInfo[], current?: string | undefined): Place {
  const {node: wanted, labels = {}} = spec.placement ?? {}
  const [local] = nodes
  const matching = nodes.filter((node) => {
    const isLocal = node === local
    return (wanted === undefined || isNamed(node, wanted, isLocal)) && hasLabels(node, labels, isLocal)
  })
  const isFree = wanted === undefined && Object.keys(labels).length === 0
  // Without a placement a service stays on this machine.
  const candidates = isFree ? nodes.slice(0, 1) : matching
  if (candidates.length === 0) return none('NOT_FOUND', `no node matches its placement; there are: ${namesOf(nodes)}`)
  const ready = candidates.filter(({draining}) => !draining)
  if (ready.length === 0) {
    const ids = candidates.map(({id}) => id)
    const what = isFree ? 'this machine is drained' : `${namesOf(candidates)} is drained`
    return none('CONFLICT', `${what}, nothing new is placed there: omni node undrain ${ids[0]}`)
  }
  const kept = ready.find(({id}) => id === current)
  if (kept === undefined && local !== undefined && ready.includes(local)) return {kind: 'local'}
  const heard = ready.toSorted((a, b) => b.lastSeen.localeCompare(a.lastSeen))
  const node = kept ?? heard[0]
  if (node === undefined || node === local) return {kind: 'local'}
  if (isStale(node)) {
    const ago = formatDuration(Date.now() - Date.parse(node.lastSeen))
    return none('UNAVAILABLE', `node '${node.address}' was heard of ${ago} ago the last time`)
  }
  return {kind: 'remote', node}
}

export const isStale = ({lastSeen}: Pick<NodeInfo, 'lastSeen'>): boolean => Date.now() - Date.parse(lastSeen) > STALE_MS

const none = (code: Problem['code'], message: string): Place => ({kind: 'none', problem: {code, message}})

/** Id, address, its host, or the label `hostname`: the whole of it, since a part may mean another machine. */
function isNamed(node: NodeInfo, wanted: string, isLocal: boolean): boolean {
  const names = [node.id, node.address, hostOf(node.address), node.labels.hostname]
  return names.includes(wanted) || (isLocal && [...LOOPBACK, thisHost()].includes(wanted))
}

const hasLabels = (node: NodeInfo, labels: Readonly<Record<string, string>>, isLocal: boolean): boolean => {
  const own = isLocal ? {hostname: thisHost(), ...node.labels} : node.labels
  return Object.entries(labels).every(([key, value]) => Object.hasOwn(own, key) && Reflect.get(own, key) === value)
}

const hostOf = (address: string): string => /^\[?(.*?)\]?(:\d+)?$/.exec(address)?.[1] ?? address

const namesOf = (nodes: readonly NodeInfo[]): string =>
  nodes.map(({id, address, labels}) => `${labels.hostname ?? address} (${id})`).join(', ')
