import type {Tree} from '@omni-cli/sdk/engine'

/** Where something was written. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** A value of a compose file that knows its place; variables are filled in. All scalars are texts: that is what they mean. */
export type Node = MapNode | ListNode | TextNode

export interface MapNode {
  readonly kind: 'map'
  readonly place: Place
  readonly entries: ReadonlyMap<string, Entry>
}

export interface Entry {
  /** Of the key. */
  readonly place: Place
  readonly value: Node
}

export interface ListNode {
  readonly kind: 'list'
  readonly place: Place
  readonly items: readonly Node[]
}

export interface TextNode {
  readonly kind: 'text'
  readonly place: Place
  /** Undefined for null, which in some maps means "from the environment". */
  readonly text: string | undefined
}

export interface NodeOptions {
  readonly placeOf: (offset: number) => Place
  /** Fills in the variables of a text. */
  readonly fill: (text: string, place: Place) => string
}

export function nodeOf(tree: Tree, {placeOf, fill}: NodeOptions): Node {
  const place = placeOf(tree.offset)
  if (tree.kind === 'list') {
    return {kind: 'list', place, items: tree.items.map((item) => nodeOf(item, {placeOf, fill}))}
  }
  if (tree.kind === 'scalar') {
    const text = tree.raw ?? (tree.value === null ? undefined : String(tree.value))
    return {kind: 'text', place, text: text === undefined ? undefined : fill(text, place)}
  }
  const entries = [...tree.entries].map(([key, {offset, value}]): [string, Entry] => {
    const at = placeOf(offset)
    const node = nodeOf(value, {placeOf, fill})
    // An empty value has no place of its own.
    return [key, {place: at, value: node.kind === 'text' && node.text === undefined ? {...node, place: at} : node}]
  })
  return {kind: 'map', place, entries: new Map(entries)}
}

export const get = (node: Node | undefined, key: string): Node | undefined =>
  node?.kind === 'map' ? node.entries.get(key)?.value : undefined

export const textAt = (node: Node | undefined, key: string): string | undefined => textOf(get(node, key))

export const textOf = (node: Node | undefined): string | undefined => (node?.kind === 'text' ? node.text : undefined)

export const itemsOf = (node: Node | undefined): readonly Node[] => (node?.kind === 'list' ? node.items : [])

export const entriesOf = (node: Node | undefined): readonly (readonly [string, Entry])[] =>
  node?.kind === 'map' ? [...node.entries] : []

/** Texts of a list, or the one text. */
export const textsOf = (node: Node | undefined): readonly string[] =>
  (node?.kind === 'text' ? [node] : itemsOf(node)).flatMap((item) => textOf(item) ?? [])

/** Pairs of a map or of a list of `key=value`; undefined for a key without a value. */
export function pairsOf(node: Node | undefined): readonly {key: string; value: string | undefined; place: Place}[] {
  if (node?.kind === 'map') {
    return [...node.entries].map(([key, {value, place}]) => ({key, value: textOf(value), place}))
  }
  return itemsOf(node).flatMap((item) => {
    const text = textOf(item)
    if (text === undefined) return []
    const at = text.indexOf('=')
    return [{key: at < 0 ? text : text.slice(0, at), value: at < 0 ? undefined : text.slice(at + 1), place: item.place}]
  })
}
