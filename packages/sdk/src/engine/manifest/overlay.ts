import type {MapEntry, MapTree, Source, Tree} from './tree.ts'

/**
 * The overlay over the base: maps are merged, everything else is replaced, null takes the key away. What comes from the
 * overlay remembers its file.
 */
export function mergeTrees(base: MapTree, overlay: MapTree, source?: Source): MapTree {
  const entries = new Map(base.entries)
  for (const [key, entry] of overlay.entries) {
    if (isNull(entry.value)) entries.delete(key)
    else entries.set(key, mergeEntry(base.entries.get(key), entry, source))
  }
  return {...base, entries}
}

const mergeEntry = (before: MapEntry | undefined, entry: MapEntry, source: Source | undefined): MapEntry =>
  before?.value.kind === 'map' && entry.value.kind === 'map'
    ? {...before, value: mergeTrees(before.value, entry.value, source)}
    : {...entry, source: entry.source ?? source}

const isNull = (tree: Tree) => tree.kind === 'scalar' && tree.value === null
