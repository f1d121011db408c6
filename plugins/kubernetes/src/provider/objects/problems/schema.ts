import {isMap, type Json, listAt, textAt} from '../values.ts'

/** What is kept of a served schema: small, so that it is read from the disk in a moment. */
export interface FieldSchema {
  readonly type?: string | undefined
  readonly properties?: Readonly<Record<string, FieldSchema>> | undefined
  /** Values of any key; true: anything. */
  readonly others?: FieldSchema | true | undefined
  readonly items?: FieldSchema | undefined
  readonly required?: readonly string[] | undefined
  readonly enum?: readonly unknown[] | undefined
  /** Unknown fields are kept. */
  readonly isOpen?: true | undefined
  readonly isIntOrString?: true | undefined
  /** A whole object of the API. */
  readonly isObject?: true | undefined
  readonly limits?: Limits | undefined
  readonly default?: unknown
  /** Name of another schema. */
  readonly ref?: string | undefined
}

export interface Limits {
  readonly pattern?: string | undefined
  readonly minimum?: number | undefined
  readonly maximum?: number | undefined
  readonly minLength?: number | undefined
  readonly maxLength?: number | undefined
  readonly minItems?: number | undefined
  readonly maxItems?: number | undefined
}

/** A schema with those it refers to. */
export interface Schemas {
  readonly root: FieldSchema
  readonly named: Readonly<Record<string, FieldSchema>>
}

const LIMITS = ['pattern', 'minimum', 'maximum', 'minLength', 'maxLength', 'minItems', 'maxItems'] as const

/** `openAPIV3Schema` of a definition. */
export function reduceDefinition(schema: unknown): FieldSchema {
  if (!isMap(schema)) return {isOpen: true}
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true
  return {
    ...common(schema, reduceDefinition),
    ...(isOpen ? {isOpen: true as const} : {}),
    ...(schema['x-kubernetes-int-or-string'] === true ? {isIntOrString: true as const} : {}),
    ...(schema['x-kubernetes-embedded-resource'] === true ? {isObject: true as const} : {}),
    ...(schema.default === undefined ? {} : {default: schema.default}),
  }
}

/** A definition of `/openapi/v2`. What tells no fields may have any. */
export function reduceOpenApi(schema: unknown): FieldSchema {
  if (!isMap(schema)) return {isOpen: true}
  const ref = textAt(schema, '$ref')?.replace('#/definitions/', '')
  if (ref !== undefined) return {ref}
  const isFree = schema.properties === undefined && schema.additionalProperties === undefined
  return {
    ...common(schema, reduceOpenApi),
    ...(isFree && (schema.type === undefined || schema.type === 'object') ? {isOpen: true as const} : {}),
    ...(schema.format === 'int-or-string' ? {isIntOrString: true as const} : {}),
  }
}

function common(schema: Json, reduce: (inner: unknown) => FieldSchema): FieldSchema {
  const {type, properties, additionalProperties: others, items} = schema
  const required = listAt(schema, 'required').map(String)
  const limits = Object.fromEntries(
    LIMITS.flatMap((name) => (schema[name] === undefined ? [] : [[name, schema[name]]])),
  )
  return {
    ...(typeof type === 'string' ? {type} : {}),
    ...(isMap(properties) ? {properties: mapValues(properties, reduce)} : {}),
    ...(others === undefined || others === false ? {} : {others: others === true ? true : reduce(others)}),
    ...(items === undefined ? {} : {items: reduce(items)}),
    ...(required.length === 0 ? {} : {required}),
    ...(Array.isArray(schema.enum) ? {enum: schema.enum} : {}),
    ...(Object.keys(limits).length === 0 ? {} : {limits}),
  }
}

const mapValues = (map: Json, change: (value: unknown) => FieldSchema): Record<string, FieldSchema> =>
  Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]))

const TEXT: FieldSchema = {type: 'string'}
const TEXTS: FieldSchema = {type: 'object', others: TEXT}

/** The metadata of every object; definitions of kinds tell nothing of them. */
export const METADATA: FieldSchema = {
  type: 'object',
  properties: {
    name: TEXT,
    namespace: TEXT,
    generateName: TEXT,
    labels: TEXTS,
    annotations: TEXTS,
    finalizers: {type: 'array', items: TEXT},
    ownerReferences: {type: 'array', items: {type: 'object', isOpen: true}},
    managedFields: {type: 'array', items: {isOpen: true}},
    clusterName: TEXT,
    selfLink: TEXT,
    uid: TEXT,
    resourceVersion: TEXT,
    creationTimestamp: {isOpen: true},
    deletionTimestamp: {isOpen: true},
    generation: {type: 'integer'},
    deletionGracePeriodSeconds: {type: 'integer'},
  },
}
