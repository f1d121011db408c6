import {nameProblem} from '../../names.ts'
import {didYouMean} from '../../nearest.ts'
import type {FoundProblem} from './problem.ts'
import {at, type MapEntry, type MapTree, problemAt, type Source, type SourceDocument, type Tree} from './tree.ts'

export type DraftKind = 'service' | 'instance' | 'profile' | 'network'

/** A thing as written, before its schema has seen it. */
export interface Draft {
  readonly kind: DraftKind
  readonly name: string
  readonly source: Source
  readonly tree: MapTree
  /** `project` of the file it is in. */
  readonly project?: string | undefined
}

/** Everything one document holds. */
export interface DocumentContent {
  readonly drafts: readonly Draft[]
  readonly project: string | undefined
  /** Overlays by environment. */
  readonly environments: ReadonlyMap<string, readonly Draft[]>
}

/** Key of a file → kind of what is under it. */
const SECTIONS: Readonly<Record<string, DraftKind>> = {
  services: 'service',
  service: 'service',
  instances: 'instance',
  profiles: 'profile',
  networks: 'network',
}

/** What says that a file is a plan; other tools' files have `include`, too. */
const PLAN_KEYS = [...Object.keys(SECTIONS), 'project', 'environments']
const KEYS = [...PLAN_KEYS, 'variables', 'include']

/** Keys of an overlay may be anything a spec allows, so only the sections are looked at here. */
export function readDocument({source, root}: SourceDocument, problems: FoundProblem[]): DocumentContent {
  const fail = (offset: number, problem: Pick<FoundProblem, 'message' | 'hint' | 'code'>) =>
    problems.push(problemAt(source, offset, problem))
  const nothing: DocumentContent = {drafts: [], project: undefined, environments: new Map()}
  if (root.kind !== 'map') {
    fail(root.offset, {message: "a plan is a map with 'services:' or 'instances:'"})
    return nothing
  }
  for (const [key, entry] of root.entries) {
    if (!KEYS.includes(key)) fail(entry.offset, {message: `unknown key '${key}'`, hint: didYouMean(key, KEYS)})
  }
  const project = readProject(source, root, problems)
  const drafts = readSections({source, tree: root}, problems).map((draft) => ({...draft, project}))
  return {drafts, project, environments: readEnvironments(source, root, problems)}
}

/** True when it looks like a plan at all; other tools' files do not. */
export const isPlan = ({root}: SourceDocument) => root.kind === 'map' && PLAN_KEYS.some((key) => root.entries.has(key))

function readProject(source: Source, root: MapTree, problems: FoundProblem[]): string | undefined {
  const tree = at(root, 'project')
  if (tree === undefined) return undefined
  const value = tree.kind === 'scalar' && typeof tree.value === 'string' ? tree.value : undefined
  const message = value === undefined ? 'it must be a text' : nameProblem(value)
  if (message !== undefined) problems.push(problemAt(source, tree.offset, {message: `'project': ${message}`}))
  return value
}

function readEnvironments(source: Source, root: MapTree, problems: FoundProblem[]): Map<string, Draft[]> {
  const environments = new Map<string, Draft[]>()
  const tree = at(root, 'environments')
  if (tree === undefined) return environments
  if (tree.kind !== 'map') {
    problems.push(
      problemAt(source, tree.offset, {message: "'environments' is a map: environment → what differs there"}),
    )
    return environments
  }
  for (const [name, entry] of tree.entries) {
    environments.set(name, [])
    if (entry.value.kind !== 'map') {
      problems.push(problemAt(source, entry.offset, {message: `environment '${name}' must be a map with 'services:'`}))
      continue
    }
    for (const [key, section] of entry.value.entries) {
      if (SECTIONS[key] !== undefined) continue
      const hint = didYouMean(key, Object.keys(SECTIONS))
      problems.push(problemAt(source, section.offset, {message: `unknown key '${key}' in environment '${name}'`, hint}))
    }
    environments.set(name, readSections({source, tree: entry.value}, problems))
  }
  return environments
}

function readSections({source, tree}: {source: Source; tree: MapTree}, problems: FoundProblem[]): Draft[] {
  return [...tree.entries].flatMap(([key, {value}]) => {
    const kind = Object.hasOwn(SECTIONS, key) ? SECTIONS[key] : undefined
    return kind === undefined ? [] : readSection({source, kind, key, tree: value}, problems)
  })
}

interface Section {
  readonly source: Source
  readonly kind: DraftKind
  readonly key: string
  readonly tree: Tree
}

/** A map by name, or a list of things with a name. */
function readSection({source, kind, key, tree}: Section, problems: FoundProblem[]): Draft[] {
  const fail = (offset: number, message: string) => problems.push(problemAt(source, offset, {message}))
  if (tree.kind === 'scalar') {
    fail(tree.offset, `'${key}' must be a map of ${kind}s by name, or a list`)
    return []
  }
  const drafts: Draft[] = []
  if (tree.kind === 'list') {
    for (const item of tree.items) {
      const name = at(item, 'name')
      if (item.kind !== 'map') fail(item.offset, `a ${kind} is a map`)
      else if (name?.kind !== 'scalar' || typeof name.value !== 'string') fail(item.offset, `the ${kind} has no 'name'`)
      else drafts.push({kind, name: name.value, source, tree: item})
    }
    return drafts
  }
  for (const [name, entry] of tree.entries) {
    const {value, offset} = entry
    if (value.kind !== 'map') fail(offset, `${kind} '${name}' must be a map`)
    else drafts.push({kind, name, source, tree: withName(value, name, offset)})
    const inner = at(value, 'name')
    if (inner !== undefined && !(inner.kind === 'scalar' && inner.value === name)) {
      fail(inner.offset, `the ${kind} is called '${name}' by its key; leave 'name' out or make it the same`)
    }
  }
  return drafts
}

function withName(tree: MapTree, name: string, offset: number): MapTree {
  const own: MapEntry = {offset, value: {kind: 'scalar', offset, value: name}}
  return {...tree, offset, entries: new Map([...tree.entries, ['name', own]])}
}
