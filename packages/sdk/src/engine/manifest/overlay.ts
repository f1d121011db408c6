import type {MapEntry, MapTree, Tree} from './tree.ts'

/** The overlay over the base: maps are merged, everything else is replaced, null takes the key away. */
export function mergeTrees(base: MapTree, overlay: MapTree): MapTree {
  const entries = new Map(base.entries)
  for (const [key, entry] of overlay.entries) {
    const before = entries.get(key)?.value
    if (isNull(entry.value)) entries.delete(key)
    else entries.set(key, before === undefined ? entry : mergeEntry(before, entry))
  }
  return {...base, entries}
}

const mergeEntry = (before: Tree, entry: MapEntry): MapEntry =>
  before.kind === 'map' && entry.value.kind === 'map' ? {...entry, value: mergeTrees(before, entry.value)} : entry

const isNull = (tree: Tree) => tree.kind === 'scalar' && tree.value === null
