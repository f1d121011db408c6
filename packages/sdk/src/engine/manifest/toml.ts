import {parse, TomlError} from 'smol-toml'
import type {FoundProblem} from './problem.ts'
import {type Place, tomlPlaces} from './toml-places.ts'
import {MAX_DEPTH, type MapEntry, NO_PROTO, problemAt, type Source, type SourceDocument, type Tree} from './tree.ts'

/** The one document of a TOML file; a mistake of form is added to `problems`. */
export function parseToml(source: Source, problems: FoundProblem[]): SourceDocument[] {
  try {
    const value = parse(source.text, {maxDepth: MAX_DEPTH})
    return [{source, root: treeOf(value, tomlPlaces(source.text), 0)}]
  } catch (error) {
    if (!(error instanceof TomlError || error instanceof RefusedError)) throw error
    const offset =
      error instanceof RefusedError
        ? error.offset
        : (source.lineStarts[error.line - 1] ?? 0) + Math.max(0, error.column - 1)
    problems.push(problemAt(source, offset, {message: wordingOf(error.message)}))
    return []
  }
}

/** Valid TOML that is refused all the same. */
class RefusedError extends Error {
  readonly offset: number

  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}

/** The first line; the rest is a picture of the place. */
function wordingOf(reason: string): string {
  const text = (reason.split('\n')[0] ?? reason).replace(/^Invalid TOML document: /, '')
  if (text.includes('losslessly')) return 'the number is beyond 2^53 and would lose digits; write it in quotes'
  return text
}

function treeOf(value: unknown, place: Place, depth: number): Tree {
  const {offset} = place
  if (depth > MAX_DEPTH) throw new RefusedError(`nested deeper than ${MAX_DEPTH} levels`, offset)
  if (Array.isArray(value)) {
    const items = value.map((item, index) => treeOf(item, place.children.get(index) ?? bare(offset), depth + 1))
    return {kind: 'list', offset, items}
  }
  if (typeof value === 'object' && value !== null && !(value instanceof Date)) {
    const entries = new Map<string, MapEntry>()
    for (const [key, item] of Object.entries(value)) {
      const inner = place.children.get(key) ?? bare(offset)
      if (key === '__proto__') throw new RefusedError(NO_PROTO, inner.key)
      entries.set(key, {offset: inner.key, value: treeOf(item, inner, depth + 1)})
    }
    return {kind: 'map', offset, entries}
  }
  return {kind: 'scalar', offset, value, ...(place.raw === undefined ? {} : {raw: place.raw})}
}

const bare = (offset: number): Place => ({offset, key: offset, children: new Map()})
