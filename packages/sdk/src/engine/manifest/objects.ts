import type {ApiObject} from '../../contracts/objects.ts'
import type {FoundProblem} from './problem.ts'
import type {Place, ShownPlace} from './resource.ts'
import {holdsSecret} from './secret-lines.ts'
import {placeOf, problemAt, type SourceDocument, spotOf, type TreePath} from './tree.ts'

/** A Kubernetes object as it stands in a file. */
export interface WrittenObject {
  readonly object: ApiObject
  /** Name of the plan it belongs to. */
  readonly plan: string
  /** File, line and column of the object. Reads its document again. */
  readonly origin: () => Place
  /** Where a field of it was written; the nearest there is. Reads its document again. */
  readonly placeOf: (path: TreePath, at?: 'key') => ShownPlace
}

/** The form that no server accepts without: texts where texts are needed, and a name. */
export function writtenObjects(document: SourceDocument, plan: string, problems: FoundProblem[]): WrittenObject[] {
  const {object, source} = document
  if (object === undefined) return []
  const spot = (path: TreePath, at?: 'key') => spotOf({source, tree: document.root}, path, at)
  const items = itemsOf(object)
  if (items === undefined) problems.push(problemAt(source, spot(['items']).offset, {message: "'items' must be a list"}))
  return (items ?? []).flatMap(({path, value}): WrittenObject[] => {
    const found = formProblems(value)
    for (const {message, hint, path: field} of found) {
      const {offset} = spot([...path, ...field])
      problems.push(problemAt(source, offset, {message, ...(hint === undefined ? {} : {hint})}))
    }
    if (found.length > 0) return []
    // Its form was just checked.
    const own = value as ApiObject
    const shown = (field: TreePath, at?: 'key'): ShownPlace => {
      const {message: _, sourceLine, ...place} = problemAt(source, spot([...path, ...field], at).offset, {message: ''})
      return sourceLine === undefined || holdsSecret(own, sourceLine) ? place : {...place, sourceLine}
    }
    const origin = () => ({file: source.file, ...placeOf(source, spot(path).offset)})
    return [{object: own, plan, origin, placeOf: shown}]
  })
}

interface Item {
  readonly path: TreePath
  readonly value: unknown
}

/** The objects of a list kind (`List`, `ConfigMapList`), or the object itself. */
function itemsOf(object: Readonly<Record<string, unknown>>): Item[] | undefined {
  const {apiVersion, kind, items} = object
  if (typeof kind !== 'string' || !kind.endsWith('List') || !('items' in object)) return [{path: [], value: object}]
  if (items === null) return []
  if (!Array.isArray(items)) return undefined
  const own = kind === 'List' ? {} : {apiVersion, kind: kind.slice(0, -'List'.length)}
  return items.map((value, index) => {
    const isMap = typeof value === 'object' && value !== null && !Array.isArray(value)
    return {path: ['items', index], value: isMap ? {...own, ...value} : value}
  })
}

interface FormProblem {
  readonly path: TreePath
  readonly message: string
  readonly hint?: string | undefined
}

function formProblems(value: unknown): FormProblem[] {
  if (!isMap(value)) return [{path: [], message: 'a Kubernetes object is a map'}]
  const {apiVersion, kind, metadata} = value
  const problems: FormProblem[] = []
  for (const [key, text] of Object.entries({apiVersion, kind})) {
    if (typeof text !== 'string' || text === '') problems.push({path: [key], message: `'${key}' must be a text`})
  }
  if (!isMap(metadata)) problems.push({path: ['metadata'], message: "the object has no 'metadata' with a name"})
  else problems.push(...nameProblems(metadata))
  problems.push(...numberProblems(value, []))
  return problems
}

function nameProblems(metadata: Readonly<Record<string, unknown>>): FormProblem[] {
  const {name, namespace, generateName} = metadata
  const problems: FormProblem[] = []
  if (name === undefined && generateName !== undefined) {
    const message = "'generateName' makes a new object each time; what is applied needs a 'name'"
    problems.push({path: ['metadata', 'generateName'], message})
  } else if (typeof name !== 'string' || name === '') {
    problems.push({path: ['metadata', 'name'], message: "'metadata.name' must be a text"})
  } else if (/[/%]/.test(name) || name === '.' || name === '..') {
    problems.push({path: ['metadata', 'name'], message: "a name has no '/' and no '%'"})
  }
  if (
    namespace !== undefined &&
    (typeof namespace !== 'string' || !/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(namespace))
  ) {
    const message = 'a namespace has lower-case letters, digits and "-", at most 63'
    problems.push({path: ['metadata', 'namespace'], message})
  }
  return problems
}

/** JSON has no such numbers, and the API reads larger ones inexactly. */
function numberProblems(value: unknown, path: TreePath): FormProblem[] {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return [{path, message: 'this number cannot be sent'}]
    const isInexact = Number.isInteger(value) && !Number.isSafeInteger(value)
    return isInexact ? [{path, message: 'this number cannot be kept exactly', hint: 'put it in quotes'}] : []
  }
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) return value.flatMap((item, index) => numberProblems(item, [...path, index]))
  return Object.entries(value).flatMap(([key, item]) =>
    typeof item === 'string' ? [] : numberProblems(item, [...path, key]),
  )
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What is written twice. Objects of kinds in several versions are the same ones. */
export function doubledObjects(objects: readonly WrittenObject[]): FoundProblem[] {
  const seen = new Map<string, WrittenObject>()
  return objects.flatMap((written) => {
    const {apiVersion, kind, metadata} = written.object
    const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
    const key = JSON.stringify([group, kind, metadata.namespace ?? null, metadata.name])
    const first = seen.get(key)
    if (first === undefined) {
      seen.set(key, written)
      return []
    }
    const {file, line} = first.origin()
    return [{...written.placeOf([]), message: `${kind} '${metadata.name}' is also at ${file}:${line}`}]
  })
}
