import {EVENT_ID, type Event, getScalarValue, parseEvents, SCALAR_STYLE, type ScalarEvent, YAMLException} from 'js-yaml'

/** A value of a YAML file with its place, so that what is wrong with it can be shown there. */
export type Placed =
  | {readonly kind: 'map'; readonly offset: number; readonly entries: ReadonlyMap<string, Placed>}
  | {readonly kind: 'list'; readonly offset: number; readonly items: readonly Placed[]}
  | {readonly kind: 'scalar'; readonly offset: number; readonly value: string | boolean | number | null}

export interface Mistake {
  readonly offset: number
  readonly message: string
}

const MAX_DEPTH = 64
/** Values that a file may have, those of aliases counted where they are used; beyond, it is a bomb. */
const MAX_VALUES = 200_000

/** The first document of a YAML or JSON text. Form alone is judged here; what is wrong is added to `mistakes`. */
export function placedYaml(text: string, mistakes: Mistake[]): Placed {
  let events: Event[]
  try {
    events = parseEvents(text, {maxDepth: MAX_DEPTH})
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error
    mistakes.push({offset: error.mark?.position ?? 0, message: error.reason})
    return nothing(0)
  }
  return new Reader(text, events, mistakes).root()
}

interface Anchored {
  readonly value: Placed
  /** Values in it, aliases expanded. */
  readonly size: number
  readonly depth: number
}

type ValueEvent = Extract<Event, {readonly tagStart: number}>

class Reader {
  readonly #text: string
  readonly #events: readonly Event[]
  readonly #mistakes: Mistake[]
  readonly #anchors = new Map<string, Anchored>()
  #next = 0
  #count = 0
  #deepest = 0

  constructor(text: string, events: readonly Event[], mistakes: Mistake[]) {
    this.#text = text
    this.#events = events
    this.#mistakes = mistakes
  }

  root(): Placed {
    if (this.#events[this.#next++]?.type !== EVENT_ID.DOCUMENT || this.#atEnd()) return nothing(0)
    return this.#read(0)
  }

  /** Whether the open map or list ends here; then its end is taken. */
  #atEnd(): boolean {
    const event = this.#events[this.#next]
    const isEnd = event === undefined || event.type === EVENT_ID.POP
    if (isEnd) this.#next++
    return isEnd
  }

  #read(depth: number): Placed {
    const event = this.#events[this.#next++]
    if (event === undefined || event.type === EVENT_ID.POP || event.type === EVENT_ID.DOCUMENT) return nothing(0)
    if (event.type === EVENT_ID.ALIAS) return this.#alias(event, depth)
    const before = this.#count++
    const outer = this.#deepest
    this.#deepest = depth
    const value = this.#value(event, depth)
    if (event.anchorStart >= 0) {
      const name = this.#text.slice(event.anchorStart, event.anchorEnd)
      this.#anchors.set(name, {value, size: this.#count - before, depth: this.#deepest - depth})
    }
    this.#deepest = Math.max(outer, this.#deepest)
    return value
  }

  #alias(event: Extract<Event, {readonly type: typeof EVENT_ID.ALIAS}>, depth: number): Placed {
    const name = this.#text.slice(event.anchorStart, event.anchorEnd)
    const found = this.#anchors.get(name)
    const wasTooMuch = this.#count > MAX_VALUES
    this.#count += found?.size ?? 0
    const offset = event.anchorStart - 1
    if (found === undefined) this.#mistakes.push({offset, message: `there is no anchor '&${name}' before this`})
    else if (depth + found.depth > MAX_DEPTH)
      this.#mistakes.push({offset, message: `nested deeper than ${MAX_DEPTH} levels`})
    else if (this.#count <= MAX_VALUES) return found.value
    else if (!wasTooMuch) this.#mistakes.push({offset, message: `aliases expand to more than ${MAX_VALUES} values`})
    return nothing(offset)
  }

  #value(event: ValueEvent, depth: number): Placed {
    if (event.type === EVENT_ID.SCALAR) return scalarOf(getScalarValue(this.#text, event), event)
    if (event.type === EVENT_ID.MAPPING) return {kind: 'map', offset: event.start, entries: this.#entries(depth)}
    const items: Placed[] = []
    while (!this.#atEnd()) items.push(this.#read(depth + 1))
    return {kind: 'list', offset: event.start, items}
  }

  #entries(depth: number): Map<string, Placed> {
    const entries = new Map<string, Placed>()
    while (!this.#atEnd()) {
      const key = this.#read(depth + 1)
      const value = this.#read(depth + 1)
      const name = key.kind === 'scalar' ? String(key.value) : undefined
      if (name === undefined) this.#mistakes.push({offset: key.offset, message: 'a key must be a plain text'})
      else if (entries.has(name)) this.#mistakes.push({offset: key.offset, message: `the key '${name}' is given twice`})
      else entries.set(name, value)
    }
    return entries
  }
}

const nothing = (offset: number): Placed => ({kind: 'scalar', offset, value: null})

function scalarOf(text: string, {style, valueStart}: ScalarEvent): Placed {
  const isQuoted = style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED
  const offset = Math.max(0, isQuoted ? valueStart - 1 : valueStart)
  if (style !== SCALAR_STYLE.PLAIN) return {kind: 'scalar', offset, value: text}
  if (/^(|~|null|Null|NULL)$/.test(text)) return nothing(offset)
  if (/^(true|True|TRUE|false|False|FALSE)$/.test(text)) return {kind: 'scalar', offset, value: /^t/i.test(text)}
  if (/^[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?$/i.test(text)) return {kind: 'scalar', offset, value: Number(text)}
  return {kind: 'scalar', offset, value: text}
}

/** A placed value as plain data. */
export function plainOf(placed: Placed): unknown {
  if (placed.kind === 'scalar') return placed.value
  if (placed.kind === 'list') return placed.items.map(plainOf)
  return Object.fromEntries([...placed.entries].map(([key, value]) => [key, plainOf(value)]))
}
