import type {z} from 'zod'
import {didYouMean} from '../../nearest.ts'
import type {FoundProblem} from './problem.ts'
import {type FieldSchema, schemaAt, typeInWords} from './schema.ts'
import {at, type MapTree, problemAt, type Source, spotOf, type TreePath} from './tree.ts'

type Issue = z.core.$ZodIssue

/** What a schema has looked at. */
export interface Checked {
  readonly kind: string
  readonly name: string
  readonly source: Source
  readonly tree: MapTree
  /** Values that no message may quote; default: those of `env`. */
  readonly isSecret?: ((path: TreePath) => boolean) | undefined
}

/** What the schema found → problems with their places, in our words. */
export function problemsOf(draft: Checked, issues: readonly Issue[], schema: FieldSchema): FoundProblem[] {
  return issues.flatMap((issue) => problemsOfIssue(draft, issue, schema))
}

function problemsOfIssue(draft: Checked, found: Issue, schema: FieldSchema): FoundProblem[] {
  const issue = deepest(found)
  const path = issue.path.filter((part) => typeof part !== 'symbol')
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(schemaAt(schema, path)?.properties ?? {})
    return issue.keys.map((key) => {
      const where = path.length === 0 ? `${draft.kind} '${draft.name}'` : `'${label(path)}'`
      const problem = {message: `unknown key '${key}' in ${where}`, hint: didYouMean(key, known)}
      const {source, offset} = spotOf(draft, [...path, key], 'key')
      return problemAt(source, offset, problem)
    })
  }
  const isAboutKey = issue.code === 'invalid_key' || isMissing(draft, path)
  const {source, offset} = spotOf(draft, path, isAboutKey ? 'key' : undefined)
  return [problemAt(source, offset, {message: messageOf(draft, issue, path, schema)})]
}

/** Of the alternatives of a union, the one that fits but for something inside. */
function deepest(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue
  const inner = issue.errors.find((issues) => issues.length > 0 && issues.every(({path}) => path.length > 0))?.[0]
  return inner === undefined ? issue : deepest({...inner, path: [...issue.path, ...inner.path]})
}

function messageOf(draft: Checked, issue: Issue, path: TreePath, schema: FieldSchema): string {
  const name = `'${label(path)}'`
  if (isMissing(draft, path)) return `${name} is missing in ${draft.kind} '${draft.name}'`
  const field = schemaAt(schema, path)
  switch (issue.code) {
    case 'invalid_type':
    case 'invalid_value':
    case 'invalid_union':
      if (field === undefined) return `${name}: ${issue.message}`
      return `${name} must be ${typeInWords(field)}, not ${valueInWords(draft, path)}`
    case 'invalid_key':
      return `'${String(path.at(-1))}' is no name for '${label(path.slice(0, -1))}'; it has letters, digits and '_'`
    case 'too_small':
      return issue.origin === 'string' || issue.origin === 'array'
        ? `${name} must not be empty`
        : `${name} must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`
    case 'too_big':
      return `${name} must ${issue.origin === 'string' ? 'have at most' : 'be at most'} ${issue.maximum}${issue.origin === 'string' ? ' characters' : ''}`
    case 'invalid_format':
      if (issue.format === 'starts_with') return `${name} must start with '/'`
      return `${name} ${issue.message.startsWith('Invalid') ? 'has the wrong form' : issue.message}`
    default:
      return path.length === 1 && path[0] === 'name'
        ? `'${shortened(draft.name)}': ${issue.message}`
        : `${name}: ${issue.message}`
  }
}

const isMissing = (draft: Checked, path: TreePath) => path.length > 0 && at(draft.tree, ...path) === undefined

function valueInWords(draft: Checked, path: TreePath): string {
  const tree = at(draft.tree, ...path)
  if (tree?.kind === 'map') return 'a map'
  if (tree?.kind === 'list') return 'a list'
  if (tree === undefined || tree.value === null) return 'empty'
  if (draft.isSecret?.(path) ?? path[0] === 'env') return `a ${typeof tree.value}`
  return tree.raw ?? (typeof tree.value === 'string' ? `'${shortened(tree.value)}'` : String(tree.value))
}

const shortened = (text: string) => (text.length > 40 ? `${text.slice(0, 40)}…` : text)

/** `env.PORT`, `depends_on[2]`. */
export const label = (path: TreePath): string =>
  path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  )
