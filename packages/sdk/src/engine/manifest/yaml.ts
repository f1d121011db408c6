import {
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseAllDocuments,
  type Scalar,
  type YAMLMap,
} from 'yaml'
import type {FoundProblem} from './problem.ts'
import {MAX_DEPTH, type MapEntry, NO_PROTO, problemAt, type Source, type SourceDocument, type Tree} from './tree.ts'

/** Values that aliases may add to a file; beyond, it is a bomb. */
const MAX_ALIASED = 20_000
/** Problems collected of one file; what follows is mostly an echo. */
const MOST = 20

/** The documents of a YAML or JSON file. Mistakes of form are added to `problems`; such a document is left out. */
export function parseYaml(source: Source, problems: FoundProblem[]): SourceDocument[] {
  const isJson = source.file.endsWith('.json')
  if (isJson && !isWellFormedJson(source, problems)) return []
  // JSON may be indented with tabs, YAML not; its texts hold none, so offsets and values stay the same.
  const text = isJson ? source.text.replaceAll('\t', ' ') : source.text
  const documents = parseAllDocuments(text, {uniqueKeys: false, prettyErrors: false, logLevel: 'silent'})
  const found: SourceDocument[] = []
  for (const document of documents) {
    const before = problems.length
    for (const error of document.errors.slice(0, MOST)) {
      problems.push(problemAt(source, error.pos[0], wordingOf(error)))
      if (error.message.startsWith('Maximum call stack')) break
    }
    if (problems.length > before || document.contents === null) continue
    const root = new Reader(source, problems).read(document.contents, 0)
    if (!(root.kind === 'scalar' && root.value === null)) found.push({source, root})
  }
  return found
}

function wordingOf(error: {readonly code: string; readonly message: string}): {message: string; hint?: string} {
  if (error.code === 'TAB_AS_INDENT') return {message: 'a tab cannot indent YAML', hint: 'use spaces'}
  if (error.message.startsWith('Maximum call stack')) return tooDeep
  return {message: error.message.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase())}
}

const tooDeep = {message: `nested deeper than ${MAX_DEPTH} levels`}

function isWellFormedJson(source: Source, problems: FoundProblem[]): boolean {
  try {
    JSON.parse(source.text)
    return true
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const offset = Number(/at position (\d+)/.exec(message)?.[1] ?? source.text.length)
    // The engine's text repeats the place, or the file.
    const short = message.replace(/,? (in JSON )?at position .*$|, (\.\.\.)?".*$/s, '').replace(/^U/, 'u')
    problems.push(problemAt(source, offset, {message: `this is no JSON: ${short}`}))
    return false
  }
}

interface Anchored {
  readonly tree: Tree
  /** Values in it, aliases expanded. */
  readonly size: number
  readonly height: number
}

/** Nodes of the library → our tree. Aliases and merge keys (`<<`) are resolved; doubled keys are found. */
class Reader {
  readonly #source: Source
  readonly #problems: FoundProblem[]
  readonly #anchors = new Map<string, Anchored>()
  #count = 0
  #aliased = 0

  constructor(source: Source, problems: FoundProblem[]) {
    this.#source = source
    this.#problems = problems
  }

  read(node: unknown, depth: number): Tree {
    const offset = isNode(node) ? (node.range?.[0] ?? 0) : 0
    if (depth > MAX_DEPTH) {
      this.#problem(offset, tooDeep)
      return nothing(offset)
    }
    if (isAlias(node)) return this.#readAlias(node.source, offset, depth)
    const before = this.#count++
    const tree = this.#readValue(node, offset, depth)
    const anchor = isScalar(node) || isCollection(node) ? node.anchor : undefined
    if (anchor !== undefined) {
      this.#anchors.set(anchor, {tree, size: this.#count - before, height: heightOf(tree)})
    }
    return tree
  }

  #readValue(node: unknown, offset: number, depth: number): Tree {
    if (isMap(node)) return {kind: 'map', offset, entries: this.#readPairs(node, depth)}
    if (isSeq(node)) return {kind: 'list', offset, items: node.items.map((item) => this.read(item, depth + 1))}
    return isScalar(node) ? readScalar(node, offset) : nothing(offset)
  }

  #readAlias(name: string, offset: number, depth: number): Tree {
    const found = this.#anchors.get(name)
    if (found === undefined) {
      this.#problem(offset, {message: `there is no anchor '&${name}' before this`})
      return nothing(offset)
    }
    if (depth + found.height > MAX_DEPTH) {
      this.#problem(offset, tooDeep)
      return nothing(offset)
    }
    const wasTooMuch = this.#aliased > MAX_ALIASED
    this.#aliased += found.size
    this.#count += found.size
    if (this.#aliased <= MAX_ALIASED) return found.tree
    if (!wasTooMuch) this.#problem(offset, {message: `aliases expand to more than ${MAX_ALIASED} values`})
    return nothing(offset)
  }

  #readPairs(map: YAMLMap, depth: number): Map<string, MapEntry> {
    const entries = new Map<string, MapEntry>()
    const merged: Pair[] = []
    for (const pair of map.items) {
      const key = this.#keyOf(pair)
      if (key === undefined) continue
      const offset = isNode(pair.key) ? (pair.key.range?.[0] ?? map.range?.[0] ?? 0) : 0
      if (key === '<<') merged.push(pair)
      else if (key === '__proto__') this.#problem(offset, {message: NO_PROTO})
      else if (entries.has(key)) this.#problem(offset, {message: `the key '${key}' is given twice`})
      else entries.set(key, {offset, value: this.read(pair.value, depth + 1)})
    }
    for (const pair of merged) this.#merge(entries, pair, depth)
    return entries
  }

  /** Keys of the map itself win, then the first map that has it. */
  #merge(entries: Map<string, MapEntry>, pair: Pair, depth: number): void {
    const tree = this.read(pair.value, depth + 1)
    for (const part of tree.kind === 'list' ? tree.items : [tree]) {
      if (part.kind !== 'map') this.#problem(part.offset, {message: "'<<' takes a map or a list of maps"})
      else for (const [key, entry] of part.entries) if (!entries.has(key)) entries.set(key, entry)
    }
  }

  #keyOf(pair: Pair): string | undefined {
    if (isPair(pair) && isScalar(pair.key)) {
      const {value, source} = pair.key
      if (typeof value === 'string') return value
      // `8080:` or `yes:`; what was written is the name.
      if (value !== null) return source ?? String(value)
    }
    const offset = isNode(pair.key) ? (pair.key.range?.[0] ?? 0) : 0
    this.#problem(offset, {message: 'a key must be a plain text'})
    return undefined
  }

  #problem(offset: number, problem: {message: string; hint?: string}): void {
    if (this.#problems.length < MOST) this.#problems.push(problemAt(this.#source, offset, problem))
  }
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'range' in value

const heightOf = (tree: Tree): number => {
  if (tree.kind === 'scalar') return 0
  const inner = tree.kind === 'list' ? tree.items : [...tree.entries.values()].map((entry) => entry.value)
  return 1 + inner.reduce((most, item) => Math.max(most, heightOf(item)), 0)
}

const nothing = (offset: number): Tree => ({kind: 'scalar', offset, value: null})

function readScalar(node: Scalar, offset: number): Tree {
  const {value, source} = node
  if (typeof value === 'string' || value === null || source === undefined) return {kind: 'scalar', offset, value}
  return {kind: 'scalar', offset, value, raw: source}
}
