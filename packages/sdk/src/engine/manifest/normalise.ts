import type {Draft, DraftKind} from './documents.ts'
import type {FoundProblem, Problem} from './problem.ts'
import {type MapEntry, type MapTree, problemAt, type Tree} from './tree.ts'

/** Maps whose values are texts, however YAML reads them: `VERSION: 1.10` is "1.10". `*` is any key. */
const TEXT_MAPS: Readonly<Record<DraftKind, readonly (readonly string[])[]>> = {
  service: [['env'], ['labels'], ['placement', 'labels']],
  instance: [['metadata'], ['config'], ['devices', '*']],
  profile: [['metadata'], ['config'], ['devices', '*']],
  network: [['metadata'], ['config']],
}

/** Accepted because other tools' files hold it, and without effect here. */
const WITHOUT_EFFECT: Readonly<Record<DraftKind, Readonly<Record<string, string>>>> = {
  service: {backup: "'backup' has no effect on a deploy; backups are made by 'omni backup'"},
  instance: {},
  profile: {},
  network: {},
}

/** What follows from where it was written: the project of the file, the folder form. */
export interface Surroundings {
  readonly project: string | undefined
  /** Folder form: project always, network unless given. */
  readonly folder: string | undefined
}

/** The draft in the form that the schema knows. */
export function normalise(draft: Draft, surroundings: Surroundings, warnings: Problem[]): Draft {
  const entries = new Map(draft.tree.entries)
  for (const [key, message] of Object.entries(WITHOUT_EFFECT[draft.kind])) {
    const entry = entries.get(key)
    if (entry === undefined) continue
    const {sourceLine: _, ...warning}: FoundProblem = problemAt(draft.source, entry.offset, {message})
    warnings.push(warning)
    entries.delete(key)
  }
  if (draft.kind === 'service') applySurroundings(entries, draft.tree.offset, surroundings)
  let tree: MapTree = {...draft.tree, entries}
  for (const path of TEXT_MAPS[draft.kind]) tree = withTexts(tree, path)
  return {...draft, tree}
}

function applySurroundings(entries: Map<string, MapEntry>, offset: number, {project, folder}: Surroundings): void {
  const text = (value: string): MapEntry => ({offset, value: {kind: 'scalar', offset, value}})
  // Orca's name of the same thing.
  const words = entries.get('cmd')
  if (words !== undefined && !entries.has('command')) {
    entries.set('command', words)
    entries.delete('cmd')
  }
  if (folder !== undefined) {
    entries.set('project', text(folder))
    if (!entries.has('network')) entries.set('network', text(folder))
  } else if (project !== undefined && !entries.has('project')) entries.set('project', text(project))
}

/** The tree with the scalars of the map at the path as they were written. */
function withTexts(tree: MapTree, [head, ...rest]: readonly string[]): MapTree {
  const entries = new Map<string, MapEntry>()
  for (const [key, entry] of tree.entries) {
    entries.set(key, head === undefined ? asText(entry) : head === '*' || head === key ? inside(entry, rest) : entry)
  }
  return {...tree, entries}
}

const inside = (entry: MapEntry, path: readonly string[]): MapEntry =>
  entry.value.kind === 'map' ? {...entry, value: withTexts(entry.value, path)} : entry

function asText(entry: MapEntry): MapEntry {
  const {value} = entry
  if (value.kind !== 'scalar' || value.raw === undefined || typeof value.value === 'object') return entry
  const text: Tree = {kind: 'scalar', offset: value.offset, value: value.raw}
  return {...entry, value: text}
}
