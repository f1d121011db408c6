import {EVENT_ID, type Event, getScalarValue, parseEvents, YAMLException} from 'js-yaml'
import type {FoundProblem} from './problem.ts'
import {MAX_DEPTH, type MapEntry, NO_PROTO, problemAt, type Source, type SourceDocument, type Tree} from './tree.ts'
import {MOST, mistakesIn, tooDeep} from './yaml-mistakes.ts'
import {readObjectDocuments, withObject} from './yaml-objects.ts'
import {nothing, offsetOf, readScalar, type ValueEvent} from './yaml-scalar.ts'

/** Values that aliases may add to a file; beyond, it is a bomb. */
const MAX_ALIASED = 20_000

/** The documents of a YAML or JSON file. Mistakes of form are added to `problems`; such a file has no documents. */
export async function parseYaml(source: Source, problems: FoundProblem[]): Promise<SourceDocument[]> {
  const isJson = source.file.endsWith('.json')
  if (isJson && !isWellFormedJson(source, problems)) return []
  // JSON may be indented with tabs, YAML not; its texts hold none, so offsets and values stay the same.
  const text = isJson ? source.text.replaceAll('\t', ' ') : source.text
  const readTrees = (events: readonly Event[], into: FoundProblem[]) =>
    new Reader(source, text, events, into).documents()
  const withObjects = readObjectDocuments(source, text, problems, readTrees)
  if (withObjects !== undefined) return withObjects
  let events: Event[]
  try {
    events = parseEvents(text, {maxDepth: MAX_DEPTH})
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error
    problems.push(...(await mistakesIn(text, source, error)))
    return []
  }
  return readTrees(events, problems).map(withObject)
}

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

/** Events of the library → our tree. Aliases and merge keys (`<<`) are resolved; doubled keys are found. */
class Reader {
  readonly #source: Source
  readonly #text: string
  readonly #events: readonly Event[]
  readonly #problems: FoundProblem[]
  readonly #anchors = new Map<string, Anchored>()
  #next = 0
  #count = 0
  #aliased = 0

  constructor(source: Source, text: string, events: readonly Event[], problems: FoundProblem[]) {
    this.#source = source
    this.#text = text
    this.#events = events
    this.#problems = problems
  }

  documents(): SourceDocument[] {
    const found: SourceDocument[] = []
    while (this.#take()?.type === EVENT_ID.DOCUMENT) {
      this.#anchors.clear()
      while (!this.#atEnd()) {
        const root = this.#read(0)
        if (!(root.kind === 'scalar' && root.value === null)) found.push({source: this.#source, root})
      }
    }
    return found
  }

  #take(): Event | undefined {
    return this.#events[this.#next++]
  }

  /** Whether the open document, map or list ends here; then its end is taken. */
  #atEnd(): boolean {
    const event = this.#events[this.#next]
    const isEnd = event === undefined || event.type === EVENT_ID.POP
    if (isEnd) this.#next++
    return isEnd
  }

  #read(depth: number): Tree {
    const event = this.#take()
    if (event === undefined || event.type === EVENT_ID.POP || event.type === EVENT_ID.DOCUMENT) return nothing(0)
    if (event.type === EVENT_ID.ALIAS) {
      return this.#readAlias(this.#text.slice(event.anchorStart, event.anchorEnd), event.anchorStart - 1, depth)
    }
    const before = this.#count++
    const tree = this.#readValue(event, depth)
    if (event.anchorStart >= 0) {
      const anchor = this.#text.slice(event.anchorStart, event.anchorEnd)
      this.#anchors.set(anchor, {tree, size: this.#count - before, height: heightOf(tree)})
    }
    return tree
  }

  #readValue(event: ValueEvent, depth: number): Tree {
    const offset = offsetOf(event)
    const tag = event.tagStart < 0 ? undefined : this.#text.slice(event.tagStart, event.tagEnd)
    if (tag !== undefined && !KNOWN_TAGS.has(tag))
      this.#problem(event.tagStart, {message: `the tag '${tag}' is not known`})
    if (event.type === EVENT_ID.SCALAR) return readScalar(getScalarValue(this.#text, event), event, offset, tag)
    if (event.type === EVENT_ID.MAPPING) return {kind: 'map', offset, entries: this.#readPairs(depth)}
    const items: Tree[] = []
    while (!this.#atEnd()) items.push(this.#read(depth + 1))
    return {kind: 'list', offset, items}
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

  #readPairs(depth: number): Map<string, MapEntry> {
    const entries = new Map<string, MapEntry>()
    const merged: Tree[] = []
    while (!this.#atEnd()) {
      const {offset, key} = this.#readKey(depth)
      const value = this.#read(depth + 1)
      if (key === undefined) continue
      if (key === '<<') merged.push(value)
      else if (key === '__proto__') this.#problem(offset, {message: NO_PROTO})
      else if (entries.has(key)) this.#problem(offset, {message: `the key '${key}' is given twice`})
      else entries.set(key, {offset, value})
    }
    for (const tree of merged) this.#merge(entries, tree)
    return entries
  }

  /** Keys of the map itself win, then the first map that has it. */
  #merge(entries: Map<string, MapEntry>, tree: Tree): void {
    for (const part of tree.kind === 'list' ? tree.items : [tree]) {
      if (part.kind !== 'map') this.#problem(part.offset, {message: "'<<' takes a map or a list of maps"})
      else for (const [key, entry] of part.entries) if (!entries.has(key)) entries.set(key, entry)
    }
  }

  /** `8080:` and `yes:` are names as they are written. */
  #readKey(depth: number): {readonly offset: number; readonly key: string | undefined} {
    const event = this.#events[this.#next]
    const tree = this.#read(depth + 1)
    const isName = event?.type === EVENT_ID.SCALAR && tree.kind === 'scalar' && tree.value !== null
    if (isName) return {offset: tree.offset, key: tree.raw ?? String(tree.value)}
    this.#problem(tree.offset, {message: 'a key must be a plain text'})
    return {offset: tree.offset, key: undefined}
  }

  #problem(offset: number, problem: {message: string; hint?: string}): void {
    if (this.#problems.length < MOST) this.#problems.push(problemAt(this.#source, offset, problem))
  }
}

const KNOWN_TAGS = new Set(['!', '!!str', '!!int', '!!float', '!!bool', '!!null', '!!map', '!!seq'])

const heightOf = (tree: Tree): number => {
  if (tree.kind === 'scalar') return 0
  const inner = tree.kind === 'list' ? tree.items : [...tree.entries.values()].map((entry) => entry.value)
  return 1 + inner.reduce((most, item) => Math.max(most, heightOf(item)), 0)
}
