import type {Entry, MapNode, Node} from './node.ts'

/** What the later one replaces as a whole. */
const REPLACED = new Set(['command', 'entrypoint', 'test', 'healthcheck'])
/** Maps that may also be written as lists of `key=value`. */
const PAIRS = new Set(['environment', 'labels', 'args', 'sysctls', 'extra_hosts'])

/** Maps are merged, lists joined, all else is replaced: the rule of compose for `extends` and override files. */
export function mergeMaps(base: MapNode, over: MapNode): MapNode {
  const entries = new Map<string, Entry>(base.entries)
  for (const [key, entry] of over.entries) {
    const before = entries.get(key)
    entries.set(key, before === undefined ? entry : {...entry, value: mergeNodes(key, before.value, entry.value)})
  }
  return {...over, entries}
}

function mergeNodes(key: string, base: Node, over: Node): Node {
  if (REPLACED.has(key)) return over
  if (PAIRS.has(key)) return mergeMaps(asMap(base), asMap(over))
  if (key === 'depends_on' || key === 'networks') return mergeMaps(asMap(base), asMap(over))
  if (base.kind === 'map' && over.kind === 'map') return mergeMaps(base, over)
  if (base.kind === 'list' && over.kind === 'list') return {...over, items: [...base.items, ...over.items]}
  return over
}

/** A list of `key=value`, or of keys, as the map it stands for. */
function asMap(node: Node): MapNode {
  if (node.kind === 'map') return node
  const items = node.kind === 'list' ? node.items : []
  const entries = items.flatMap((item): [string, Entry][] => {
    if (item.kind !== 'text' || item.text === undefined) return []
    const at = item.text.indexOf('=')
    const [key, text] = at < 0 ? [item.text, undefined] : [item.text.slice(0, at), item.text.slice(at + 1)]
    return [[key, {place: item.place, value: {kind: 'text', place: item.place, text}}]]
  })
  return {kind: 'map', place: node.place, entries: new Map(entries)}
}
