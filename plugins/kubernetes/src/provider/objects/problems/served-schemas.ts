import {createHash} from 'node:crypto'
import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {
  type ApiObject,
  type CallOptions,
  isOmniError,
  makePrivateFolder,
  type ObjectKind,
  writeFileAtomic,
} from '@omni-cli/sdk'
import type {KubeClient} from '../../../client/kube-client.ts'
import {isMap, type Json, listAt, mapAt, textAt} from '../values.ts'
import {type FieldSchema, reduceDefinition, reduceOpenApi, type Schemas} from './schema.ts'

export interface SchemaSource {
  readonly client: KubeClient
  /** Folder of omni's own files; schemas are kept below its cache. */
  readonly home: string
}

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const METADATA_ONLY = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'
const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity'

/** Schemas of the kinds that a server serves, from the disk where they are fresh. */
export class ServedSchemas {
  readonly #source: SchemaSource
  readonly #call: CallOptions
  readonly #found = new Map<string, Promise<Schemas | undefined>>()
  #builtIn: Promise<BuiltIn> | undefined

  constructor(source: SchemaSource, call: CallOptions) {
    this.#source = source
    this.#call = call
  }

  /** Undefined when this user may not read it, or the server does not tell. */
  find(kind: ObjectKind): Promise<Schemas | undefined> {
    const key = `${kind.group}/${kind.version}/${kind.kind}`
    const known = this.#found.get(key) ?? this.#read(kind)
    this.#found.set(key, known)
    return known
  }

  async #read(kind: ObjectKind): Promise<Schemas | undefined> {
    try {
      // Built-in groups have no dot, or belong to k8s.io; definitions in these are rare and told by both.
      if (!kind.group.includes('.')) return await this.#readBuiltIn(kind)
      return (await this.#readDefinition(kind)) ?? (await this.#readBuiltIn(kind))
    } catch (error) {
      if (isOmniError(error) && ['FORBIDDEN', 'NOT_FOUND'].includes(error.code)) return undefined
      throw error
    }
  }

  async #readDefinition({group, version, plural}: ObjectKind): Promise<Schemas | undefined> {
    const {client} = this.#source
    const path = `${DEFINITIONS}/${encodeURIComponent(`${plural}.${group}`)}`
    const meta = await client
      .request<unknown>({method: 'GET', path, accept: METADATA_ONLY}, this.#call)
      .catch((error: unknown) => {
        if (isOmniError(error) && error.code === 'NOT_FOUND') return undefined
        throw error
      })
    if (meta === undefined) return undefined
    const stamp = `${textAt(meta, 'metadata', 'uid')} ${String(mapAt(meta, 'metadata').generation)}`
    return this.#cached(`${plural}.${group}-${version}`, stamp, async () => {
      const definition = await client.request<unknown>({method: 'GET', path}, this.#call)
      return definitionSchema(definition, version)
    })
  }

  async #readBuiltIn({group, version, kind}: ObjectKind): Promise<Schemas | undefined> {
    this.#builtIn ??= this.#readOpenApi()
    const {roots, named} = await this.#builtIn
    const name = roots[`${group}/${version}/${kind}`]
    const root = name === undefined ? undefined : named[name]
    return root === undefined ? undefined : {root, named}
  }

  async #readOpenApi(): Promise<BuiltIn> {
    const {client} = this.#source
    const version = await client.version(this.#call)
    return this.#cached('built-in', version, async () => {
      const document = await client.request<unknown>({method: 'GET', path: '/openapi/v2'}, this.#call)
      return builtInSchemas(mapAt(document, 'definitions'))
    })
  }

  /** What stands on the disk under this stamp, else what is read now. A cache that cannot be written is no failure. */
  async #cached<T>(name: string, stamp: string, read: () => Promise<T>): Promise<T> {
    if (this.#source.home === '') return read()
    const server = createHash('sha256').update(this.#source.client.server).digest('hex').slice(0, 16)
    const folder = join(this.#source.home, 'cache', 'kubernetes', server, 'schemas')
    const file = join(folder, `${encodeURIComponent(name)}.json`)
    const text = await readFile(file, 'utf8').catch(() => '')
    const end = text.indexOf('\n')
    if (end > 0 && text.slice(0, end) === stamp) {
      const found: T | undefined = parsed(text.slice(end + 1))
      if (found !== undefined) return found
    }
    const value = await read()
    try {
      makePrivateFolder(folder)
      await writeFileAtomic(file, `${stamp}\n${JSON.stringify(value)}`)
    } catch {
      // The next one reads it from the server again.
    }
    return value
  }
}

interface BuiltIn {
  /** `apps/v1/Deployment` → name of its schema. */
  readonly roots: Readonly<Record<string, string>>
  readonly named: Readonly<Record<string, FieldSchema>>
}

/** Our own file; a broken one is read from the server again. */
function parsed<T>(text: string): T | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function builtInSchemas(definitions: Json): BuiltIn {
  const roots: Record<string, string> = {}
  const named: Record<string, FieldSchema> = {}
  for (const [name, definition] of Object.entries(definitions)) {
    if (!name.startsWith('io.k8s.')) continue
    named[name] = name === QUANTITY ? {isIntOrString: true} : reduceOpenApi(definition)
    const kinds = listAt(definition, 'x-kubernetes-group-version-kind').filter(isMap)
    const [only, ...others] = kinds
    if (only !== undefined && others.length === 0) {
      roots[`${textAt(only, 'group')}/${textAt(only, 'version')}/${textAt(only, 'kind')}`] = name
    }
  }
  return {roots, named}
}

/** The schema of one version of a definition. */
export function definitionSchema(definition: unknown, version: string): Schemas {
  const own = listAt(definition, 'spec', 'versions').find((one) => isMap(one) && one.name === version)
  const schema = mapAt(own, 'schema').openAPIV3Schema
  return {root: reduceDefinition(schema), named: {}}
}

/** The schema that a definition in the same files gives a kind. */
export function declaredSchema(
  definitions: readonly ApiObject[],
  {group, kind, version}: ObjectKind,
): Schemas | undefined {
  const found = definitions.find(
    (one) => textAt(one, 'spec', 'group') === group && textAt(one, 'spec', 'names', 'kind') === kind,
  )
  return found === undefined ? undefined : definitionSchema(found, version)
}
