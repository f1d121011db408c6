import {z} from 'zod'
import {instanceSpec, networkSpec, profileSpec} from '../../specs/instance.ts'
import {serviceSpec} from '../../specs/service.ts'

export const SCHEMAS = {
  service: serviceSpec,
  instance: instanceSpec,
  profile: profileSpec,
  network: networkSpec,
} as const

/** Kinds that can be written in a file. */
export type SchemaKind = keyof typeof SCHEMAS

/** The part of JSON Schema that our specs use. */
export interface FieldSchema {
  readonly type?: string | readonly string[] | undefined
  readonly description?: string | undefined
  readonly default?: unknown
  readonly enum?: readonly unknown[] | undefined
  readonly const?: unknown
  readonly properties?: Readonly<Record<string, FieldSchema>> | undefined
  readonly required?: readonly string[] | undefined
  readonly items?: FieldSchema | undefined
  readonly anyOf?: readonly FieldSchema[] | undefined
  readonly additionalProperties?: FieldSchema | boolean | undefined
}

/** What may be written for a kind. Takes some milliseconds; only messages and `omni explain` need it. */
export function fieldSchema(kind: SchemaKind): FieldSchema {
  // The two types describe the same JSON.
  return z.toJSONSchema(SCHEMAS[kind], {io: 'input', reused: 'inline', unrepresentable: 'any'}) as FieldSchema
}

/** The schema at a path; undefined when there is none. */
export function schemaAt(schema: FieldSchema, path: readonly (string | number)[]): FieldSchema | undefined {
  let node: FieldSchema | undefined = schema
  for (const part of path) node = node === undefined ? undefined : inner(node, part)
  return node
}

function inner(schema: FieldSchema, part: string | number): FieldSchema | undefined {
  for (const option of [schema, ...(schema.anyOf ?? [])]) {
    if (typeof part === 'number' && option.items !== undefined) return option.items
    const key = String(part)
    if (option.properties !== undefined && Object.hasOwn(option.properties, key)) return option.properties[key]
    if (typeof option.additionalProperties === 'object') return option.additionalProperties
  }
  return undefined
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
}

/** What a field takes, in words: `a whole number or "auto"`. */
export function typeInWords(schema: FieldSchema): string {
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(typeInWords))].join(' or ')
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return `one of ${schema.enum.join(', ')}`
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? [])
  return types.length === 0 ? 'anything' : types.map((type) => TYPES[type] ?? type).join(' or ')
}
