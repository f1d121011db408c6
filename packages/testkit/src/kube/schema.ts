import {isMap, type Json, type JsonMap} from './objects.ts'
import type {Cause} from './status.ts'

/** The part of a structural schema that objects are held against. */
export interface Schema {
  readonly type?: string | undefined
  readonly properties?: Readonly<Record<string, Schema>> | undefined
  readonly additionalProperties?: Schema | boolean | undefined
  readonly items?: Schema | undefined
  readonly required?: readonly string[] | undefined
  readonly enum?: readonly Json[] | undefined
  readonly default?: Json | undefined
  readonly nullable?: boolean | undefined
  readonly minimum?: number | undefined
  readonly maximum?: number | undefined
  readonly pattern?: string | undefined
  readonly description?: string | undefined
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean | undefined
  readonly 'x-kubernetes-int-or-string'?: boolean | undefined
  readonly 'x-kubernetes-embedded-resource'?: boolean | undefined
  readonly 'x-kubernetes-list-type'?: string | undefined
  readonly 'x-kubernetes-list-map-keys'?: readonly string[] | undefined
  readonly 'x-kubernetes-map-type'?: string | undefined
}

const HEAD = ['apiVersion', 'kind', 'metadata']

/** Takes away what the schema does not know and fills in its defaults. */
export function fitted<T extends JsonMap>(object: T, schema: Schema | undefined): T {
  if (schema === undefined) return object
  const head = Object.fromEntries(HEAD.map((field) => [field, object[field]]))
  return {...(trim(object, schema) as T), ...head}
}

function trim(value: Json | undefined, schema: Schema): Json | undefined {
  if (Array.isArray(value)) {
    const {items} = schema
    return items === undefined ? value : value.map((item) => trim(item, items) ?? null)
  }
  if (!isMap(value)) return value
  const {properties = {}, additionalProperties: others} = schema
  const keepsAll = schema['x-kubernetes-preserve-unknown-fields'] === true || others === true
  const found: JsonMap = {}
  for (const [field, part] of Object.entries(value)) {
    const known = Object.hasOwn(properties, field) ? properties[field] : isSchema(others) ? others : undefined
    if (known !== undefined) {
      // A null where none is allowed gives way to the default.
      if (part === null && known.default !== undefined && known.nullable !== true) continue
      found[field] = trim(part, known)
    } else if (keepsAll) found[field] = part
  }
  for (const [field, {default: preset}] of Object.entries(properties)) {
    if (found[field] === undefined && preset !== undefined)
      found[field] = trim(structuredClone(preset), properties[field] ?? {})
  }
  return found
}

const isSchema = (schema: Schema | boolean | undefined): schema is Schema => typeof schema === 'object'

/** Every way in which an object does not keep to the schema. */
export function problemsOf(object: JsonMap, schema: Schema | undefined): Cause[] {
  if (schema === undefined) return []
  return Object.entries(schema.properties ?? {}).flatMap(([field, part]) => {
    if (HEAD.includes(field)) return []
    if (object[field] !== undefined) return problemsAt(object[field], part, field)
    return schema.required?.includes(field) === true ? [requiredValue(field)] : []
  })
}

function problemsAt(value: Json | undefined, schema: Schema, path: string): Cause[] {
  if (value === null && schema.nullable === true) return []
  if (!isOfType(value, schema)) return [wrongType(value, schema, path)]
  if (schema.enum !== undefined && !schema.enum.includes(value ?? null)) {
    const wanted = schema.enum.map((one) => JSON.stringify(one)).join(', ')
    const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${wanted}`
    return [{reason: 'FieldValueNotSupported', message, field: path}]
  }
  if (Array.isArray(value)) {
    const {items} = schema
    return items === undefined ? [] : value.flatMap((item, index) => problemsAt(item, items, `${path}[${index}]`))
  }
  return isMap(value) ? problemsInside(value, schema, path) : problemsOfScalar(value, schema, path)
}

function problemsInside(value: JsonMap, schema: Schema, path: string): Cause[] {
  const {properties = {}, additionalProperties: others, required = []} = schema
  const missing = required
    .filter((field) => value[field] === undefined)
    .map((field) => requiredValue(`${path}.${field}`))
  const inside = Object.entries(value).flatMap(([field, part]) => {
    const known = Object.hasOwn(properties, field) ? properties[field] : isSchema(others) ? others : undefined
    return known === undefined || part === undefined ? [] : problemsAt(part, known, `${path}.${field}`)
  })
  return [...missing, ...inside]
}

function problemsOfScalar(value: Json | undefined, schema: Schema, path: string): Cause[] {
  const says = (rule: string): Cause[] => {
    const message = `Invalid value: ${JSON.stringify(value)}: ${path} in body should ${rule}`
    return [{reason: 'FieldValueInvalid', message, field: path}]
  }
  const {minimum, maximum, pattern} = schema
  if (typeof value === 'number' && minimum !== undefined && value < minimum) {
    return says(`be greater than or equal to ${minimum}`)
  }
  if (typeof value === 'number' && maximum !== undefined && value > maximum) {
    return says(`be less than or equal to ${maximum}`)
  }
  if (typeof value === 'string' && pattern !== undefined && !new RegExp(pattern).test(value)) {
    return says(`match '${pattern}'`)
  }
  return []
}

function isOfType(value: Json | undefined, schema: Schema): boolean {
  if (schema['x-kubernetes-int-or-string'] === true) return typeof value === 'string' || Number.isInteger(value)
  if (schema.type === undefined) return true
  const {type} = schema
  if (type === 'integer') return Number.isInteger(value)
  return type === (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value)
}

function wrongType(value: Json | undefined, schema: Schema, path: string): Cause {
  const has =
    value === null ? 'null' : Array.isArray(value) ? 'array' : Number.isInteger(value) ? 'integer' : typeof value
  const wanted = schema['x-kubernetes-int-or-string'] === true ? 'integer,string' : schema.type
  const message = `Invalid value: "${has}": ${path} in body must be of type ${wanted}: "${has}"`
  return {reason: 'FieldValueInvalid', message, field: path}
}

const requiredValue = (field: string): Cause => ({reason: 'FieldValueRequired', message: 'Required value', field})
