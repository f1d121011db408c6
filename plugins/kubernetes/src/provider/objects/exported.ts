import type {ApiObject, CallOptions} from '@omni-cli/sdk'
import {defaultsOf} from './defaults.ts'
import {kindOf} from './kinds.ts'
import type {FieldSchema} from './problems/schema.ts'
import {type SchemaSource, ServedSchemas} from './problems/served-schemas.ts'
import {ownMetadata} from './sendable.ts'
import {groupOf, isMap, isSame, type Json} from './values.ts'

/** Annotations that programs write for themselves. */
const BOOKKEEPING = [
  'kubectl.kubernetes.io/last-applied-configuration',
  'deployment.kubernetes.io/revision',
  'deprecated.daemonset.template.generation',
  'pv.kubernetes.io/bind-completed',
  'pv.kubernetes.io/bound-by-controller',
  'control-plane.alpha.kubernetes.io/leader',
  'autoscaling.alpha.kubernetes.io/conditions',
  'autoscaling.alpha.kubernetes.io/current-metrics',
]

/** See `ObjectApi.exported`. */
export async function exportedObject(
  source: SchemaSource,
  object: ApiObject,
  options: CallOptions = {},
): Promise<ApiObject> {
  const {status: _, apiVersion, kind, metadata, ...rest} = object
  const {ownerReferences: __, finalizers: ___, annotations, labels, ...meta} = ownMetadata(metadata)
  const found = await kindOf(source.client, object, options)
  const isCustom = groupOf(apiVersion).includes('.') && !groupOf(apiVersion).endsWith('.k8s.io')
  const schemas = isCustom ? await new ServedSchemas(source, options).find(found) : undefined
  const body = schemas === undefined ? withoutDefaults(kind, rest) : withoutSchemaDefaults(schemas.root, rest)
  return {
    apiVersion,
    kind,
    metadata: {
      ...meta,
      name: metadata.name,
      ...(metadata.namespace === undefined ? {} : {namespace: metadata.namespace}),
      ...filled({labels: isMap(labels) ? labels : {}, annotations: ownAnnotations(annotations)}),
    },
    ...body,
  }
}

const ownAnnotations = (annotations: unknown): Json =>
  isMap(annotations)
    ? Object.fromEntries(Object.entries(annotations).filter(([key]) => !BOOKKEEPING.includes(key)))
    : {}

const filled = (maps: Readonly<Record<string, Json>>): Json =>
  Object.fromEntries(Object.entries(maps).filter(([, map]) => Object.keys(map).length > 0))

/** Takes away what the definition of the kind fills in by itself. */
function withoutSchemaDefaults(schema: FieldSchema, value: unknown): Json {
  const cleaned = cleanedBy(schema, value)
  return isMap(cleaned) ? cleaned : {}
}

function cleanedBy(schema: FieldSchema | undefined, value: unknown): unknown {
  if (schema === undefined) return value
  if (Array.isArray(value)) return value.map((item) => cleanedBy(schema.items, item))
  if (!isMap(value)) return value
  const kept = Object.entries(value).flatMap(([key, item]) => {
    const inner = schema.properties?.[key] ?? (schema.others === true ? undefined : schema.others)
    if (inner?.default !== undefined && isSame(inner.default, item)) return []
    return [[key, cleanedBy(inner, item)] as const]
  })
  return Object.fromEntries(kept)
}

/** Takes away what the server fills in for kinds of its own. */
function withoutDefaults(kind: string, rest: Json): Json {
  const rules = defaultsOf(kind)
  let value: unknown = rest
  for (const {path, isDefault} of rules) value = withoutField(value, path.split('.'), isDefault)
  return isMap(value) ? value : {}
}

/** `*` is any item of a list. */
function withoutField(
  value: unknown,
  [part, ...rest]: readonly string[],
  isDefault: (value: unknown) => boolean,
): unknown {
  if (part === '*') return Array.isArray(value) ? value.map((item) => withoutField(item, rest, isDefault)) : value
  if (part === undefined || !isMap(value) || !Object.hasOwn(value, part)) return value
  if (rest.length > 0) return {...value, [part]: withoutField(value[part], rest, isDefault)}
  if (!isDefault(value[part])) return value
  const {[part]: _, ...kept} = value
  return kept
}
