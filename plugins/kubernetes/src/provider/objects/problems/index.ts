import type {ApiObject, CallOptions, ObjectProblem} from '@omni-cli/sdk'
import {guess, mapLimit} from '@omni-cli/sdk'
import {kindKey, kindsOf} from '../kinds.ts'
import {SERVER_METADATA} from '../sendable.ts'
import {isDefinition} from '../tiers.ts'
import {isMap} from '../values.ts'
import {checkObject} from './check.ts'
import {omeProblems} from './ome-rules.ts'
import {declaredSchema, type SchemaSource, ServedSchemas} from './served-schemas.ts'

/** API servers read no larger request. */
const MAX_REQUEST = 3 * 1024 * 1024

/** See `ObjectApi.problems`. */
export async function objectProblems(
  source: SchemaSource,
  objects: readonly ApiObject[],
  options: CallOptions = {},
): Promise<readonly ObjectProblem[]> {
  const {signal} = options
  const known = await kindsOf(source.client, objects, {signal})
  const schemas = new ServedSchemas(source, {signal})
  const definitions = objects.filter(isDefinition)
  const unread = new Set<string>()
  const found = await mapLimit(objects, 32, async (object, index): Promise<ObjectProblem[]> => {
    const kind = known.get(kindKey(object))?.kind
    if (kind === undefined) return [{index, ...(await unknownKind(source, object, {signal}))}]
    const schema = declaredSchema(definitions, kind) ?? (await schemas.find(kind))
    if (schema === undefined) unread.add(kind.plural)
    const fields = schema === undefined ? [] : checkObject(schema, object)
    return [
      ...fields.map((problem): ObjectProblem => ({index, severity: 'error', ...problem})),
      ...omeProblems(object).map((problem) => ({index, ...problem})),
      ...base64Problems(object).map((problem) => ({index, ...problem})),
      ...placeProblems(object, kind.namespaced).map((problem) => ({index, ...problem})),
    ]
  })
  return [...found.flat(), ...[...unread].map((plural) => uncheckedKind(plural, objects, known))]
}

type Found = Omit<ObjectProblem, 'index'>

async function unknownKind({client}: SchemaSource, object: ApiObject, options: CallOptions): Promise<Found> {
  const {apiVersion, kind} = object
  const kinds = await client.kinds(options)
  const versionOf = (one: (typeof kinds)[number]) => (one.group === '' ? one.version : `${one.group}/${one.version}`)
  const same = kinds.filter((one) => one.kind === kind).map(versionOf)
  if (same.length > 0) {
    const message = `the server has no '${kind}' in '${apiVersion}'; it has it in ${same.join(', ')}`
    return {path: ['apiVersion'], severity: 'error', message}
  }
  const names = kinds.filter((one) => versionOf(one) === apiVersion).map((one) => one.kind)
  const message = `the server has no kind '${kind}' in '${apiVersion}'${guess(kind, names)}`
  return {path: ['kind'], severity: 'error', message}
}

function uncheckedKind(
  plural: string,
  objects: readonly ApiObject[],
  known: Awaited<ReturnType<typeof kindsOf>>,
): ObjectProblem {
  const index = objects.findIndex((object) => known.get(kindKey(object))?.kind.plural === plural)
  const message = `fields of ${plural} were not checked: their schema may not be read here`
  return {index, path: ['kind'], severity: 'warning', message}
}

/** Fields of bytes, which the served schemas call texts. */
const BYTES: Readonly<Record<string, string>> = {Secret: 'data', ConfigMap: 'binaryData'}
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

function base64Problems({apiVersion, kind, ...object}: ApiObject): Found[] {
  const field = apiVersion === 'v1' && Object.hasOwn(BYTES, kind) ? BYTES[kind] : undefined
  const values = field === undefined ? undefined : object[field]
  if (field === undefined || !isMap(values)) return []
  const wrong = Object.entries(values).filter(
    ([, value]) => typeof value === 'string' && !BASE64.test(value.replace(/[\r\n]/g, '')),
  )
  const hint = kind === 'Secret' ? "a text as it is stands below 'stringData'" : "a text as it is stands below 'data'"
  return wrong.map(([key]) => ({path: [field, key], severity: 'error', message: 'it must be base64', hint}))
}

function placeProblems(object: ApiObject, isNamespaced: boolean): Found[] {
  const {metadata} = object
  const found: Found[] = []
  if (!isNamespaced && metadata.namespace !== undefined) {
    const message = `a ${object.kind} belongs to no namespace; this is passed over`
    found.push({path: ['metadata', 'namespace'], severity: 'warning', message})
  }
  for (const name of SERVER_METADATA) {
    if (metadata[name] === undefined || metadata[name] === null) continue
    const message = `'${name}' is the server's; it is passed over`
    found.push({path: ['metadata', name], severity: 'warning', message})
  }
  const size = Buffer.byteLength(JSON.stringify(object))
  if (size > MAX_REQUEST) {
    const message = `the object has ${size} bytes; no server reads more than 3 MiB`
    found.push({path: [], severity: 'error', message})
  }
  return found
}
