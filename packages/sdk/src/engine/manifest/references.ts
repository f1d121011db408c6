import {didYouMean} from '../../nearest.ts'
import type {FoundProblem} from './problem.ts'
import {
  at,
  isText,
  type MapEntry,
  mapTexts,
  problemAt,
  type Source,
  type SourceDocument,
  type TextTree,
  type Tree,
} from './tree.ts'
import type {Value} from './variables.ts'

const REFERENCE = /(\$?)\$\{var\.([^}]*)\}/g

/** References in a default, which would stay what they are: defaults do not depend on each other. */
export function nestedIn(source: Source, name: string, declaration: Tree): FoundProblem[] {
  const tree = declaration.kind === 'map' ? at(declaration, 'default') : declaration
  if (!isText(tree)) return []
  const nested = [...tree.value.matchAll(REFERENCE)].find(([, mark]) => mark === '')
  if (nested === undefined) return []
  const message = `the default of '${name}' cannot refer to a variable: '${nested[0]}'`
  const hint = 'give the value itself, or put the two together where they are used'
  return [problemAt(source, referenceOffset(source, tree, nested[2] ?? ''), {message, hint})]
}

/**
 * The tree with `${var.NAME}` filled in. A text that is nothing else keeps the type of the value; `$${var.NAME}` stands for
 * the characters themselves. Unknown names are added to `problems`.
 */
export function fillVariables(
  {source, root}: SourceDocument,
  values: ReadonlyMap<string, Value>,
  problems: FoundProblem[],
): SourceDocument {
  if (!source.text.includes('{var.')) return {source, root}
  const fill = (text: TextTree): Tree => {
    if (!text.value.includes('${var.')) return text
    const report = (name: string) => problems.push(unknownAt(source, text, name, values))
    const whole = /^\$\{var\.([^}]*)\}$/.exec(text.value)?.[1]
    if (whole !== undefined) {
      const value = values.get(whole)
      if (value === undefined) report(whole)
      return value === undefined ? text : {kind: 'scalar', offset: text.offset, ...value}
    }
    const filled = text.value.replaceAll(REFERENCE, (reference, mark: string, name: string) => {
      if (mark !== '') return reference.slice(1)
      const value = values.get(name)
      if (value === undefined) report(name)
      return value === undefined ? '' : (value.raw ?? String(value.value))
    })
    return {...text, value: filled}
  }
  if (root.kind !== 'map') return {source, root: mapTexts(root, fill)}
  // What is said of variables is looked at with them.
  const fillEntry = ([key, entry]: [string, MapEntry]): [string, MapEntry] =>
    key === 'variables' ? [key, entry] : [key, {...entry, value: mapTexts(entry.value, fill)}]
  return {source, root: {...root, entries: new Map([...root.entries].map(fillEntry))}}
}

function referenceOffset(source: Source, text: TextTree, name: string): number {
  const exact = source.text.indexOf(`\${var.${name}}`, text.offset)
  return exact === -1 ? text.offset : exact
}

function unknownAt(source: Source, text: TextTree, name: string, values: ReadonlyMap<string, Value>): FoundProblem {
  const hint = values.size === 0 ? "declare it under 'variables:'" : didYouMean(name, values.keys())
  return problemAt(source, referenceOffset(source, text, name), {message: `there is no variable '${name}'`, hint})
}
