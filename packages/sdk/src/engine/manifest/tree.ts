import type {FoundProblem, Problem} from './problem.ts'
import {isInSecret} from './secret-lines.ts'

/** A parsed value that remembers where it was written; the same for YAML, JSON and TOML. Offsets are in UTF-16 units. */
export type Tree = MapTree | ListTree | ScalarTree

export interface MapTree {
  readonly kind: 'map'
  readonly offset: number
  /** A Map, so that no key can be anything but data. */
  readonly entries: ReadonlyMap<string, MapEntry>
}

export interface MapEntry {
  /** Offset of the key. */
  readonly offset: number
  /** Where the entry was written, when that is another file than the map's. */
  readonly source?: Source | undefined
  readonly value: Tree
}

export interface ListTree {
  readonly kind: 'list'
  readonly offset: number
  readonly items: readonly Tree[]
}

export interface ScalarTree {
  readonly kind: 'scalar'
  readonly offset: number
  readonly value: unknown
  /** The characters of a number or boolean as they were written. */
  readonly raw?: string | undefined
  /** Of a text in a literal block (`|`): by how much its lines are indented. */
  readonly indent?: number | undefined
}

/** One document of a file. */
export interface SourceDocument {
  readonly source: Source
  /** Of a Kubernetes object, it is read again when it is asked for. */
  readonly root: Tree
  /** Set for a Kubernetes object: its value. */
  readonly object?: Readonly<Record<string, unknown>> | undefined
}

/** The text of a file, and what a problem in it needs. */
export interface Source {
  /** As the user named it; `-` is standard input. */
  readonly file: string
  /** Absolute folder that relative paths in it start from. */
  readonly folder: string
  readonly text: string
  /** Offsets of the first character of each line. */
  readonly lineStarts: readonly number[]
}

export type TreePath = readonly (string | number)[]

/** Libraries drop or misuse such a key; silence would hide a mistake. */
export const NO_PROTO = "'__proto__' cannot be a key"

/** Nesting beyond this is refused. */
export const MAX_DEPTH = 100

/** The plain value. */
export function plainValue(tree: Tree): unknown {
  if (tree.kind === 'scalar') return tree.value
  if (tree.kind === 'list') return tree.items.map(plainValue)
  const value: Record<string, unknown> = {}
  for (const [key, entry] of tree.entries) value[key] = plainValue(entry.value)
  return value
}

/** A place in one of the files that a tree was put together from. */
export interface Spot {
  readonly source: Source
  readonly offset: number
}

/** Where the path leads, or as far as it goes: offset of the value, or of the last key with `at: 'key'`. */
export const offsetOf = (tree: Tree, path: TreePath, at: 'key' | 'value' = 'value'): number =>
  walk(tree, path, at).offset

/** The same with its file. */
export function spotOf(
  {source, tree}: {readonly source: Source; readonly tree: Tree},
  path: TreePath,
  at?: 'key',
): Spot {
  const spot = walk(tree, path, at ?? 'value')
  return {source: spot.source ?? source, offset: spot.offset}
}

function walk(tree: Tree, path: TreePath, at: 'key' | 'value'): Omit<Spot, 'source'> & {readonly source?: Source} {
  let node = tree
  let offset = node.offset
  let source: Source | undefined
  const spot = () => (source === undefined ? {offset} : {offset, source})
  for (const [index, part] of path.entries()) {
    const isLast = index === path.length - 1
    const entry = node.kind === 'map' ? node.entries.get(String(part)) : undefined
    const next = node.kind === 'list' && typeof part === 'number' ? node.items[part] : entry?.value
    if (next === undefined) return spot()
    source = entry?.source ?? source
    // An empty value has no place of its own.
    const isEmpty = next.kind === 'scalar' && next.value === null
    offset = entry !== undefined && (at === 'key' || !isLast || isEmpty) ? entry.offset : next.offset
    node = next
  }
  return spot()
}

/** The tree with another value in the place of each text. */
export function mapTexts(tree: Tree, change: (text: TextTree) => Tree): Tree {
  if (tree.kind === 'scalar') return isText(tree) ? change(tree) : tree
  if (tree.kind === 'list') return {...tree, items: tree.items.map((item) => mapTexts(item, change))}
  return mapEntries(tree, change)
}

export function mapEntries(tree: MapTree, change: (text: TextTree) => Tree): MapTree {
  const entries = new Map<string, MapEntry>()
  for (const [key, entry] of tree.entries) entries.set(key, {...entry, value: mapTexts(entry.value, change)})
  return {...tree, entries}
}

export type TextTree = ScalarTree & {readonly value: string}

export const isText = (tree: Tree | undefined): tree is TextTree =>
  tree?.kind === 'scalar' && typeof tree.value === 'string'

/** The subtree at the path. */
export function at(tree: Tree | undefined, ...path: TreePath): Tree | undefined {
  let node = tree
  for (const part of path) {
    if (node?.kind === 'map') node = node.entries.get(String(part))?.value
    else if (node?.kind === 'list' && typeof part === 'number') node = node.items[part]
    else return undefined
  }
  return node
}

/** Reads the text once for where its lines start. */
export function createSource(file: string, folder: string, text: string): Source {
  const lineStarts = [0]
  for (let index = text.indexOf('\n'); index !== -1; index = text.indexOf('\n', index + 1)) lineStarts.push(index + 1)
  return {file, folder, text, lineStarts}
}

/** A problem at an offset of the text. */
export function problemAt(
  source: Source,
  offset: number,
  problem: Pick<FoundProblem, 'message' | 'hint' | 'code'>,
): FoundProblem {
  const place = placeOf(source, offset)
  if (isInSecret(source.text, offset)) return {file: source.file, ...place, ...problem}
  const start = source.lineStarts[place.line - 1] ?? 0
  const end = source.lineStarts[place.line] ?? source.text.length + 1
  const sourceLine = source.text.slice(start, Math.min(end - 1, start + 1000)).replace(/\r$/, '')
  return {file: source.file, ...place, ...problem, sourceLine}
}

/** Line and column (from 1) of an offset. */
export function placeOf({lineStarts}: Source, offset: number): Pick<Problem, 'line' | 'column'> {
  let low = 0
  let high = lineStarts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((lineStarts[middle] ?? 0) <= offset) low = middle
    else high = middle - 1
  }
  return {line: low + 1, column: offset - (lineStarts[low] ?? 0) + 1}
}
