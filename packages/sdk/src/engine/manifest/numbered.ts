import {nameProblem} from '../../names.ts'
import type {Draft} from './documents.ts'
import type {FoundProblem} from './problem.ts'
import {at, type MapEntry, mapEntries, problemAt, spotOf, type TextTree, type Tree} from './tree.ts'

const MOST = 500
const INDEX = `\${index}`

/**
 * The drafts that `count` makes: NAME-1 … NAME-n, with `${index}` filled in. A text that is nothing else becomes the number;
 * `$${index}` stands for the characters themselves. Undefined when the draft has no count, or one that its schema refuses.
 */
export function numbered(draft: Draft, problems: FoundProblem[]): Draft[] | undefined {
  const count = draft.kind === 'instance' ? at(draft.tree, 'count') : undefined
  const number = count?.kind === 'scalar' ? count.value : undefined
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 1 || number > MOST) return undefined
  const longest = `${draft.name}-${number}`
  if (nameProblem(draft.name) === undefined && nameProblem(longest) !== undefined) {
    const {source, offset} = spotOf(draft, ['count'])
    const message = `with its number, the name '${longest}' has ${longest.length} characters; at most 63 are allowed`
    problems.push(problemAt(source, offset, {message}))
    return []
  }
  return Array.from({length: number}, (_, position) => numberedOne(draft, position + 1))
}

function numberedOne(draft: Draft, index: number): Draft {
  const name = `${draft.name}-${index}`
  const tree = mapEntries(draft.tree, (text) => fillIndex(text, index))
  const entries = new Map<string, MapEntry>(tree.entries)
  entries.delete('count')
  const {offset} = draft.tree
  const place = entries.get('name')
  entries.set('name', {...place, offset: place?.offset ?? offset, value: {kind: 'scalar', offset, value: name}})
  return {...draft, name, tree: {...tree, entries}}
}

function fillIndex(text: TextTree, index: number): Tree {
  if (!text.value.includes(INDEX)) return text
  if (text.value === INDEX) return {kind: 'scalar', offset: text.offset, value: index, raw: String(index)}
  const value = text.value.replaceAll(/(\$?)\$\{index\}/g, (reference, mark: string) =>
    mark === '' ? String(index) : reference.slice(1),
  )
  return {...text, value}
}
