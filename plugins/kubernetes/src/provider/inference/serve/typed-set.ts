import {guess, OmniError} from '@omni-cli/sdk'
import {at, isFields, listAt, textAt} from '../../../fields.ts'

/** Names that mean several fields, or that are long to write. */
const SHORT: Readonly<Record<string, readonly string[]>> = {
  replicas: ['spec.engine.minReplicas', 'spec.engine.maxReplicas'],
  minReplicas: ['spec.engine.minReplicas'],
  maxReplicas: ['spec.engine.maxReplicas'],
  model: ['spec.model.name'],
  runtime: ['spec.runtime.name'],
  image: ['spec.engine.runner.image'],
}

/** One wish of `--set`, as a place and a typed value. */
export interface Assignment {
  readonly path: readonly (string | number)[]
  readonly value: unknown
}

/**
 * `spec.engine.minReplicas=2`, `engine.runner.args.0=--x`, `replicas=3` as typed values. USAGE, with all of what is wrong, for a
 * field that the schema does not have (and the nearest one), or a value of another type.
 * @param schema openAPIV3Schema of the served version
 */
export function parseAssignments(wishes: readonly string[], schema: unknown): Assignment[] {
  const problems: string[] = []
  const found = wishes.flatMap((wish): Assignment[] => {
    const split = wish.indexOf('=')
    if (split <= 0) {
      problems.push(`'${wish}' is no FIELD=VALUE`)
      return []
    }
    const [field, text] = [wish.slice(0, split).trim(), wish.slice(split + 1)]
    return fieldsOf(field, schema).flatMap((path) => {
      const result = assign(path, text, schema)
      if (typeof result !== 'string') return [result]
      problems.push(result)
      return []
    })
  })
  if (problems.length === 0) return found
  throw new OmniError('USAGE', problems.join('\n'), {hint: 'omni explain inferenceservice.spec'})
}

/** Paths that a field means; one that begins in the spec may leave `spec.` out. */
function fieldsOf(field: string, schema: unknown): readonly string[] {
  if (Object.hasOwn(SHORT, field)) return SHORT[field] ?? []
  const [first = ''] = field.split('.')
  const inSpec = at(schema, 'properties', 'spec', 'properties', first) !== undefined
  return [inSpec ? `spec.${field}` : field]
}

function assign(field: string, text: string, schema: unknown): Assignment | string {
  const words = field.split('.')
  if (words[0] !== 'spec') {
    return `'${field}' is not in the spec: fields of it can be set, and ${Object.keys(SHORT).join(', ')}`
  }
  let node: unknown = schema
  const path: (string | number)[] = []
  for (const word of words) {
    const next = stepInto(node, word)
    if (typeof next === 'string') return `'${field}': ${next}`
    node = next.schema
    path.push(next.key)
  }
  const value = typed(text, node)
  return 'problem' in value ? `'${field}=${text}': ${value.problem}` : {path, value: value.value}
}

function stepInto(node: unknown, word: string): {readonly schema: unknown; readonly key: string | number} | string {
  const properties = at(node, 'properties')
  if (isFields(properties) && Object.hasOwn(properties, word)) return {schema: properties[word], key: word}
  const others = at(node, 'additionalProperties')
  if (others !== undefined && others !== false) return {schema: others, key: word}
  if (at(node, 'x-kubernetes-preserve-unknown-fields') === true) return {schema: {}, key: word}
  if (textAt(node, 'type') === 'array') {
    if (/^\d{1,4}$/.test(word)) return {schema: at(node, 'items'), key: Number(word)}
    return `'${word}' is no place in a list: 0, 1, …`
  }
  const known = isFields(properties) ? Object.keys(properties) : []
  return `there is no field '${word}'${guess(word, known)}`
}

type Typed = {readonly value: unknown} | {readonly problem: string}

function typed(text: string, schema: unknown): Typed {
  const choices = listAt(schema, 'enum')
  if (choices.length > 0 && !choices.includes(text)) return {problem: `is none of ${choices.join(', ')}`}
  if (at(schema, 'x-kubernetes-int-or-string') === true) return {value: /^-?\d+$/.test(text) ? Number(text) : text}
  switch (textAt(schema, 'type')) {
    case 'integer':
      return /^-?\d+$/.test(text) && Number.isSafeInteger(Number(text))
        ? {value: Number(text)}
        : {problem: 'is no whole number'}
    case 'number':
      return text.trim() !== '' && Number.isFinite(Number(text)) ? {value: Number(text)} : {problem: 'is no number'}
    case 'boolean':
      return text === 'true' || text === 'false' ? {value: text === 'true'} : {problem: 'is neither true nor false'}
    case 'string':
      return {value: text}
    default:
      return parsed(text)
  }
}

/** Objects and lists are written as JSON; what has no type is taken as JSON where it is some. */
function parsed(text: string): Typed {
  try {
    return {value: JSON.parse(text) as unknown}
  } catch {
    return /^[[{]/.test(text.trim()) ? {problem: 'is no JSON'} : {value: text}
  }
}

/** A copy of the object with the values in their places. USAGE for a place behind the end of a list. */
export function withAssignments<T>(object: T, assignments: readonly Assignment[]): T {
  const copy = structuredClone(object)
  for (const {path, value} of assignments) put(copy, path, value)
  return copy
}

function put(root: unknown, path: readonly (string | number)[], value: unknown): void {
  let node: unknown = root
  for (const [index, key] of path.entries()) {
    if (typeof node !== 'object' || node === null) return
    if (Array.isArray(node) && typeof key === 'number' && key > node.length) {
      throw new OmniError('USAGE', `'${path.join('.')}': the list has ${node.length} entries`)
    }
    if (index === path.length - 1) {
      Reflect.set(node, key, value)
      return
    }
    const below = Reflect.get(node, key)
    const made = typeof path[index + 1] === 'number' ? [] : {}
    if (typeof below !== 'object' || below === null) Reflect.set(node, key, made)
    node = Reflect.get(node, key)
  }
}
