import {EVENT_ID, type Event, getScalarValue, parseEvents, SCALAR_STYLE, YAMLException} from 'js-yaml'
import type {FoundProblem} from './problem.ts'
import {MAX_DEPTH, type Source, type SourceDocument, type Tree} from './tree.ts'
import {nothing, readScalar} from './yaml-scalar.ts'

type ReadTrees = (events: readonly Event[], problems: FoundProblem[]) => readonly SourceDocument[]

/**
 * The documents of a file in which Kubernetes objects may be. Thousands of them are cheap: they are read one by one, straight to
 * values; where a field stands is found by reading its document again. Undefined when the file is to be read as a whole:
 * without such objects, and with mistakes in its form.
 */
export function readObjectDocuments(
  source: Source,
  text: string,
  problems: FoundProblem[],
  readTrees: ReadTrees,
): SourceDocument[] | undefined {
  // A directive is about the document that follows it.
  if (!/(^|[{,]\s*)"?apiVersion"?\s*:/m.test(text) || /^%/m.test(text)) return undefined
  const found: SourceDocument[] = []
  const own: FoundProblem[] = []
  try {
    for (const part of partsOf(text)) {
      const eventsOf = () => shifted(parseEvents(text.slice(part.start, part.end), {maxDepth: MAX_DEPTH}), part.start)
      const events = eventsOf()
      const object = new PlainReader(text, events).object()
      if (object === undefined) found.push(...readTrees(events, own).map(withObject))
      else found.push(lazyDocument(source, object, () => readTrees(eventsOf(), [])[0]?.root))
    }
  } catch (error) {
    if (error instanceof YAMLException) return undefined
    throw error
  }
  problems.push(...own)
  return found
}

/** `---` at the start of a line always begins a document, whatever stands before it. */
function* partsOf(text: string): Generator<{readonly start: number; readonly end: number}> {
  let start = 0
  for (const {index} of text.matchAll(/^---(?=\s|$)/gm)) {
    if (index > start) yield {start, end: index}
    start = index
  }
  yield {start, end: text.length}
}

/** Events of a part with the offsets that they have in the whole text. */
function shifted(events: readonly Event[], by: number): readonly Event[] {
  if (by === 0) return events
  for (const event of events) {
    if (event.type === EVENT_ID.POP || event.type === EVENT_ID.DOCUMENT) continue
    if (event.anchorStart >= 0) {
      event.anchorStart += by
      event.anchorEnd += by
    }
    if (event.type === EVENT_ID.ALIAS) continue
    if (event.tagStart >= 0) {
      event.tagStart += by
      event.tagEnd += by
    }
    if (event.type !== EVENT_ID.SCALAR) event.start += by
    else if (event.valueStart >= 0) {
      event.valueStart += by
      event.valueEnd += by
    }
  }
  return events
}

/** Marks a document that is a Kubernetes object. Aliases, tags and the like are only understood by the reader of trees. */
export function withObject(document: SourceDocument): SourceDocument {
  const {root} = document
  const isObject = root.kind === 'map' && root.entries.has('apiVersion') && root.entries.has('kind')
  // A map becomes a record.
  return isObject ? {...document, object: objectValue(root) as Readonly<Record<string, unknown>>} : document
}

function objectValue(tree: Tree): unknown {
  if (tree.kind === 'scalar') return numberOf(tree.value, tree.raw)
  if (tree.kind === 'list') return tree.items.map(objectValue)
  return Object.fromEntries([...tree.entries].map(([key, {value}]) => [key, objectValue(value)]))
}

/** `0644` is octal to everybody who reads Kubernetes objects. */
const numberOf = (value: unknown, raw: string | undefined): unknown =>
  typeof value === 'number' && raw !== undefined && /^[-+]?0[0-7]+$/.test(raw)
    ? Math.sign(raw.startsWith('-') ? -1 : 1) * Number.parseInt(raw.replace(/^[-+]/, ''), 8)
    : value

function lazyDocument(
  source: Source,
  object: Readonly<Record<string, unknown>>,
  readRoot: () => Tree | undefined,
): SourceDocument {
  return {
    source,
    object,
    get root() {
      return readRoot() ?? nothing(0)
    },
  }
}

/** Thrown at what only the reader of trees understands, or has a problem to tell about. */
const UNUSUAL = Symbol('unusual')

/** Events of one document → its value, when it is a Kubernetes object in the plain form that nearly all have. */
class PlainReader {
  readonly #text: string
  readonly #events: readonly Event[]
  #next = 0

  constructor(text: string, events: readonly Event[]) {
    this.#text = text
    this.#events = events
  }

  object(): Readonly<Record<string, unknown>> | undefined {
    const [document, root] = this.#events
    if (document?.type !== EVENT_ID.DOCUMENT || root?.type !== EVENT_ID.MAPPING) return undefined
    this.#next = 1
    try {
      const value = this.#read()
      const isOne = this.#events[this.#next]?.type === EVENT_ID.POP && this.#next === this.#events.length - 1
      if (!isOne || typeof value !== 'object' || value === null) return undefined
      return 'apiVersion' in value && 'kind' in value ? {...value} : undefined
    } catch (error) {
      if (error === UNUSUAL) return undefined
      throw error
    }
  }

  #read(): unknown {
    const event = this.#events[this.#next++]
    if (event === undefined || !('tagStart' in event) || event.anchorStart >= 0 || event.tagStart >= 0) throw UNUSUAL
    if (event.type === EVENT_ID.SCALAR) {
      const {value, raw} = readScalar(getScalarValue(this.#text, event), event, 0, undefined)
      return numberOf(value, raw)
    }
    if (event.type === EVENT_ID.MAPPING) return this.#readPairs()
    const items: unknown[] = []
    while (!this.#atEnd()) items.push(this.#read())
    return items
  }

  #readPairs(): Record<string, unknown> {
    const pairs: Record<string, unknown> = {}
    while (!this.#atEnd()) {
      const key = this.#readKey()
      if (Object.hasOwn(pairs, key)) throw UNUSUAL
      pairs[key] = this.#read()
    }
    return pairs
  }

  #readKey(): string {
    const event = this.#events[this.#next++]
    if (event?.type !== EVENT_ID.SCALAR || event.anchorStart >= 0 || event.tagStart >= 0) throw UNUSUAL
    const key = getScalarValue(this.#text, event)
    const isOdd = event.style === SCALAR_STYLE.PLAIN && /^(|~|null|Null|NULL|<<)$/.test(key)
    if (isOdd || key === '__proto__') throw UNUSUAL
    return key
  }

  #atEnd(): boolean {
    const isEnd = this.#events[this.#next]?.type === EVENT_ID.POP
    if (isEnd) this.#next++
    return isEnd
  }
}
