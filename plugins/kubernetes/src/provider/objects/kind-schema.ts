import {type CallOptions, isOmniError, type KindSchema, type ObjectKind} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {findKind} from './kinds.ts'
import {isMap, type Json, listAt, mapAt, textAt} from './values.ts'

/** Words that mean one thing in two kinds: that of the cluster is explained. */
const WORDS: Readonly<Record<string, string>> = {
  model: 'clusterbasemodels.ome.io',
  models: 'clusterbasemodels.ome.io',
  runtime: 'clusterservingruntimes.ome.io',
  runtimes: 'clusterservingruntimes.ome.io',
  accelerator: 'acceleratorclasses.ome.io',
  accelerators: 'acceleratorclasses.ome.io',
}

/** See `ObjectApi.schema`. From the server each time: what is kept on the disk has no words. */
export async function kindSchema(
  client: KubeClient,
  word: string,
  call: CallOptions = {},
): Promise<KindSchema | undefined> {
  const name = word.toLowerCase()
  const kind = await findKind(client, (Object.hasOwn(WORDS, name) ? WORDS[name] : undefined) ?? word, call)
  if (kind === undefined) return undefined
  const schema = (kind.group.includes('.') ? await defined(client, kind, call) : undefined) ?? {}
  return {kind, schema: Object.keys(schema).length > 0 ? schema : await published(client, kind, call)}
}

/** As its definition says; undefined when it has none, or this user may not read it. */
async function defined(
  client: KubeClient,
  {plural, group, version}: ObjectKind,
  call: CallOptions,
): Promise<Json | undefined> {
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${encodeURIComponent(`${plural}.${group}`)}`
  try {
    const definition = await client.request<unknown>({method: 'GET', path}, call)
    const own = listAt(definition, 'spec', 'versions').find((one) => isMap(one) && one.name === version)
    return resolved(mapAt(own, 'schema').openAPIV3Schema, {}, [])
  } catch (error) {
    if (isOmniError(error) && ['FORBIDDEN', 'NOT_FOUND'].includes(error.code)) return undefined
    throw error
  }
}

/** As the server publishes it for all kinds. */
async function published(client: KubeClient, {group, version, kind}: ObjectKind, call: CallOptions): Promise<Json> {
  const document = await client.request<unknown>({method: 'GET', path: '/openapi/v2'}, call)
  const definitions = mapAt(document, 'definitions')
  const isIt = (one: unknown) =>
    textAt(one, 'group') === group && textAt(one, 'version') === version && textAt(one, 'kind') === kind
  const found = Object.values(definitions).find((one) => {
    const kinds = listAt(one, 'x-kubernetes-group-version-kind')
    return kinds.length === 1 && isIt(kinds[0])
  })
  return resolved(found, definitions, [])
}

/** With what it refers to in its place, but for what refers to itself. */
function resolved(schema: unknown, definitions: Json, inside: readonly string[]): Json {
  if (!isMap(schema)) return {}
  const name = textAt(schema, '$ref')?.replace('#/definitions/', '')
  if (name !== undefined) {
    const target = inside.includes(name) ? {} : resolved(definitions[name], definitions, [...inside, name])
    return {...target, ...textOf(schema, 'description')}
  }
  const {properties, items, additionalProperties: others, required, enum: words, type} = schema
  const isEither = schema['x-kubernetes-int-or-string'] === true || schema.format === 'int-or-string'
  const inner = (value: unknown) => resolved(value, definitions, inside)
  return {
    ...textOf(schema, 'description'),
    ...(isEither ? {type: ['integer', 'string']} : typeof type === 'string' ? {type} : {}),
    ...(Array.isArray(words) ? {enum: words} : {}),
    ...(Array.isArray(required) ? {required: required.map(String)} : {}),
    ...(schema.default === undefined ? {} : {default: schema.default}),
    ...(isMap(properties)
      ? {properties: Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, inner(value)]))}
      : {}),
    ...(items === undefined ? {} : {items: inner(items)}),
    ...(isMap(others) ? {additionalProperties: inner(others)} : {}),
  }
}

function textOf(schema: Json, key: string): Json {
  const text = textAt(schema, key)
  return text === undefined ? {} : {[key]: text}
}
