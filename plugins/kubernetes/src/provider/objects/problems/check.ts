import {didYouMean} from '@omni-cli/sdk'
import {isMap, isSame} from '../values.ts'
import {type FieldSchema, type Limits, METADATA, type Schemas} from './schema.ts'

export type Path = readonly (string | number)[]

export interface FieldProblem {
  readonly path: Path
  readonly at?: 'key' | undefined
  readonly message: string
  readonly hint?: string | undefined
}

/** What is wrong with the fields of a whole object. `status` is the server's, so nobody looks at it. */
export function checkObject(schemas: Schemas, object: Readonly<Record<string, unknown>>): FieldProblem[] {
  const {status: _, ...written} = object
  const {properties, ...root} = schemas.root
  const own = {...properties, apiVersion: {type: 'string'}, kind: {type: 'string'}, metadata: METADATA}
  return new Checker(schemas).check({...root, properties: own, required: withoutStatus(root.required)}, written, [])
}

const withoutStatus = (names: readonly string[] = []) => names.filter((name) => name !== 'status')

class Checker {
  readonly #schemas: Schemas

  constructor(schemas: Schemas) {
    this.#schemas = schemas
  }

  check(schema: FieldSchema, value: unknown, path: Path): FieldProblem[] {
    if (schema.ref !== undefined) {
      const named = this.#schemas.named[schema.ref]
      return named === undefined ? [] : this.check(named, value, path)
    }
    // Null takes a field away.
    if (value === null || value === undefined) return []
    const message = typeProblem(schema, value)
    if (message !== undefined) return [{path, ...message}]
    if (schema.enum !== undefined && !schema.enum.some((one) => isSame(one, value))) {
      const names = schema.enum.map(String)
      return [{path, message: `it must be one of ${names.join(', ')}`, hint: didYouMean(String(value), names)}]
    }
    const limit = limitProblem(schema.limits, value)
    const own = limit === undefined ? [] : [{path, message: limit}]
    if (Array.isArray(value)) {
      const {items} = schema
      return items === undefined
        ? own
        : [...own, ...value.flatMap((item, at) => this.check(items, item, [...path, at]))]
    }
    return isMap(value) ? [...own, ...this.#checkMap(schema, value, path)] : own
  }

  #checkMap(schema: FieldSchema, value: Readonly<Record<string, unknown>>, path: Path): FieldProblem[] {
    const {properties = {}, others, isOpen, isObject} = schema
    const known = isObject === true ? {...properties, apiVersion: {}, kind: {}, metadata: METADATA} : properties
    const fields = Object.entries(value).flatMap(([key, item]): FieldProblem[] => {
      const inner = Object.hasOwn(known, key) ? known[key] : undefined
      if (inner !== undefined) return this.check(inner, item, [...path, key])
      if (others !== undefined) return others === true ? [] : this.check(others, item, [...path, key])
      if (isOpen === true) return []
      return [
        {path: [...path, key], at: 'key', message: `unknown field '${key}'`, hint: didYouMean(key, Object.keys(known))},
      ]
    })
    const missing = (schema.required ?? []).filter((name) => {
      const isGiven = Object.hasOwn(value, name) && value[name] !== null
      return !isGiven && properties[name]?.default === undefined
    })
    return [...fields, ...missing.map((name) => ({path, message: `'${name}' is missing`}))]
  }
}

const WORDS: Readonly<Record<string, string>> = {
  object: 'a map',
  array: 'a list',
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
}

function typeProblem(schema: FieldSchema, value: unknown): Pick<FieldProblem, 'message' | 'hint'> | undefined {
  const {type, isIntOrString} = schema
  if (isIntOrString === true) {
    return typeof value === 'string' || typeof value === 'number'
      ? undefined
      : {message: 'it must be a number or a text'}
  }
  if (type === undefined || isOf(type, value)) return undefined
  const hint = type === 'string' && ['number', 'boolean'].includes(typeof value) ? 'put it in quotes' : undefined
  return {message: `it must be ${WORDS[type] ?? type}`, ...(hint === undefined ? {} : {hint})}
}

function isOf(type: string, value: unknown): boolean {
  switch (type) {
    case 'object':
      return isMap(value)
    case 'array':
      return Array.isArray(value)
    case 'integer':
      return Number.isInteger(value)
    default:
      return typeof value === type
  }
}

function limitProblem(limits: Limits | undefined, value: unknown): string | undefined {
  if (limits === undefined) return undefined
  const {pattern, minimum, maximum, minLength, maxLength, minItems, maxItems} = limits
  if (typeof value === 'number') {
    if (minimum !== undefined && value < minimum) return `it must be at least ${minimum}`
    return maximum !== undefined && value > maximum ? `it must be at most ${maximum}` : undefined
  }
  if (Array.isArray(value)) {
    if (minItems !== undefined && value.length < minItems) return `it needs at least ${minItems} items`
    return maxItems !== undefined && value.length > maxItems ? `it has more than ${maxItems} items` : undefined
  }
  if (typeof value !== 'string') return undefined
  if (minLength !== undefined && value.length < minLength) return `it needs at least ${minLength} characters`
  if (maxLength !== undefined && value.length > maxLength) return `it has more than ${maxLength} characters`
  return pattern !== undefined && !matches(pattern, value) ? `it does not match ${pattern}` : undefined
}

/** Patterns are those of Go; what JavaScript cannot read is left to the server. */
function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern).test(text)
  } catch {
    return true
  }
}
