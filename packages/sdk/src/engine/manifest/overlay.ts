import {didYouMean} from '../../nearest.ts'
import type {Draft} from './documents.ts'
import type {FoundProblem} from './problem.ts'
import {type MapEntry, type MapTree, problemAt, type Source, type Tree} from './tree.ts'

/** The drafts that the overlay of an environment changes or adds, as they then are. */
export function overlaidDrafts(
  drafts: readonly Draft[],
  {env, overlay}: {readonly env: string; readonly overlay: readonly Draft[]},
  problems: FoundProblem[],
): Draft[] {
  const changed = new Map<string, Draft>()
  for (const draft of overlay) {
    const key = `${draft.kind}/${draft.name}`
    const same = drafts.filter(({kind}) => kind === draft.kind)
    const base = changed.get(key) ?? same.find(({name}) => name === draft.name)
    if (base !== undefined) {
      const isElsewhere = base.source !== draft.source
      changed.set(key, {...base, tree: mergeTrees(base.tree, draft.tree, isElsewhere ? draft.source : undefined)})
    } else if (isWhole(draft)) changed.set(key, draft)
    else {
      const names = same.map(({name}) => name)
      const message = `environment '${env}' changes ${draft.kind} '${draft.name}', which is not in the file`
      problems.push(problemAt(draft.source, draft.tree.offset, {message, hint: didYouMean(draft.name, names)}))
    }
  }
  return [...changed.values()]
}

/** An overlay may also add a thing. */
const isWhole = ({kind, tree}: Draft): boolean =>
  kind === 'network' ||
  kind === 'profile' ||
  ['image', 'command', 'module', 'build', 'source'].some((key) => tree.entries.has(key))

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
