/**
 * Where keys and values of a TOML text start. The library that parses TOML tells places only of mistakes, so this
 * scans a text that has been found valid; it understands strings, comments and brackets, and judges nothing.
 */
export interface Place {
  /** Offset of the value; of a table, its header or brace. */
  offset: number
  /** Offset of the key. */
  key: number
  /** The characters of a scalar. */
  raw?: string
  readonly children: Map<string | number, Place>
}

const newPlace = (offset: number, key = offset): Place => ({offset, key, children: new Map()})

/** The places of a valid TOML text. */
export function tomlPlaces(text: string): Place {
  return new Scanner(text).scan()
}

interface Key {
  readonly name: string
  readonly offset: number
}

class Scanner {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  scan(): Place {
    const root = newPlace(0)
    let table = root
    for (this.#skipBlank(); this.#at < this.#text.length; this.#skipBlank()) {
      if (this.#peek() === '[') table = this.#readHeader(root)
      else this.#readPair(table)
    }
    return root
  }

  /** `[a.b]` or `[[a.b]]`. */
  #readHeader(root: Place): Place {
    const start = this.#at
    const isArray = this.#text.startsWith('[[', start)
    this.#at += isArray ? 2 : 1
    const keys = this.#readKeys()
    this.#at += isArray ? 2 : 1
    const last = keys.pop()
    const parent = descend(root, keys)
    if (last === undefined) return parent
    const table = child(parent, last)
    if (!isArray) return table
    const item = newPlace(start)
    table.children.set(table.children.size, item)
    return item
  }

  #readPair(table: Place): void {
    const keys = this.#readKeys()
    this.#at++ // =
    const last = keys.pop()
    const parent = descend(table, keys)
    this.#skipBlank()
    const value = this.#readValue()
    if (last === undefined) return
    value.key = last.offset
    parent.children.set(last.name, value)
  }

  /** Dotted, quoted or bare keys, up to `=` or `]`. */
  #readKeys(): Key[] {
    const keys: Key[] = []
    for (;;) {
      this.#skipSpace()
      const offset = this.#at
      const quote = this.#peek()
      if (quote === '"' || quote === "'") keys.push({name: unquote(this.#readString()), offset})
      else keys.push({name: this.#readWhile(/[A-Za-z0-9_-]+/y), offset})
      this.#skipSpace()
      if (this.#peek() !== '.') return keys
      this.#at++
    }
  }

  #readValue(): Place {
    const place = newPlace(this.#at)
    const first = this.#peek()
    if (first === '[') this.#readArray(place)
    else if (first === '{') this.#readInlineTable(place)
    else if (first === '"' || first === "'") this.#readString()
    else place.raw = this.#readWhile(/[^,\]}#\r\n]+/y).trimEnd()
    return place
  }

  #readArray(place: Place): void {
    this.#at++
    for (this.#skipBlank(); this.#at < this.#text.length && this.#peek() !== ']'; this.#skipBlank()) {
      place.children.set(place.children.size, this.#readValue())
      this.#skipBlank()
      if (this.#peek() === ',') this.#at++
    }
    this.#at++
  }

  #readInlineTable(place: Place): void {
    this.#at++
    for (this.#skipBlank(); this.#at < this.#text.length && this.#peek() !== '}'; this.#skipBlank()) {
      this.#readPair(place)
      this.#skipBlank()
      if (this.#peek() === ',') this.#at++
    }
    this.#at++
  }

  /** The string with its quotes, of any of the four kinds. */
  #readString(): string {
    const start = this.#at
    const quote = this.#peek()
    const triple = quote.repeat(3)
    const end = this.#text.startsWith(triple, start) ? triple : quote
    this.#at += end.length
    while (this.#at < this.#text.length && !this.#text.startsWith(end, this.#at)) {
      this.#at += quote === '"' && this.#peek() === '\\' ? 2 : 1
    }
    this.#at += end.length
    // Up to two quotes may stand right before the closing three.
    if (end.length === 3) while (this.#peek() === quote) this.#at++
    return this.#text.slice(start, this.#at)
  }

  /** Characters that the sticky pattern takes. */
  #readWhile(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0] ?? ''
    // Something unforeseen must not stop the scan.
    this.#at += Math.max(1, found.length)
    return found
  }

  #skipSpace(): void {
    while (this.#peek() === ' ' || this.#peek() === '\t') this.#at++
  }

  #skipBlank(): void {
    for (;;) {
      const character = this.#peek()
      if (character === '#') {
        const end = this.#text.indexOf('\n', this.#at)
        this.#at = end === -1 ? this.#text.length : end
      } else if (character !== '' && ' \t\r\n'.includes(character)) this.#at++
      else return
    }
  }

  #peek(): string {
    return this.#text[this.#at] ?? ''
  }
}

/** The table of a key; created, as a dotted key does. */
function child(parent: Place, {name, offset}: Key): Place {
  const found = parent.children.get(name)
  if (found !== undefined) return found
  const made = newPlace(offset)
  parent.children.set(name, made)
  return made
}

/** In an array of tables, a header goes on in its last table. */
function descend(from: Place, keys: readonly Key[]): Place {
  let place = from
  for (const key of keys) {
    place = child(place, key)
    place = place.children.get(place.children.size - 1) ?? place
  }
  return place
}

/** The text of a quoted key; keys are one line. */
function unquote(quoted: string): string {
  const inner = quoted.slice(1, -1)
  if (quoted.startsWith("'")) return inner
  return inner.replace(/\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/g, (_, short, long, plain) => {
    if (plain !== undefined) return ESCAPES[plain] ?? plain
    return String.fromCodePoint(Number.parseInt(short ?? long, 16))
  })
}

const ESCAPES: Readonly<Record<string, string>> = {b: '\b', t: '\t', n: '\n', f: '\f', r: '\r', e: '\u001b'}
