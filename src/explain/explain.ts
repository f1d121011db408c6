import {type CallOptions, didYouMean, type ObjectApi, OmniError} from '@omni-cli/sdk'
import {type ItemView, itemView, type TextLine} from '@omni-cli/sdk/cli'
import {type FieldSchema, fieldSchema, type SchemaKind, schemaAt, typeInWords} from '@omni-cli/sdk/engine'

/** One field that can be written, or a whole kind. */
export interface Explanation {
  /** `service.deploy.strategy`. */
  readonly path: string
  /** In words: `a whole number or "auto"`. */
  readonly type: string
  readonly description?: string | undefined
  readonly default?: unknown
  /** Only for fields inside something. */
  readonly required?: boolean | undefined
  /** What can be written inside. */
  readonly fields?: readonly Explanation[] | undefined
}

const KINDS: Readonly<Record<string, SchemaKind>> = {
  service: 'service',
  services: 'service',
  svc: 'service',
  instance: 'instance',
  instances: 'instance',
  vm: 'instance',
  profile: 'profile',
  profiles: 'profile',
  network: 'network',
  networks: 'network',
}

/** Explains `KIND` or `KIND.FIELD…` from the schemas alone. USAGE for an unknown kind, NOT_FOUND for a field. */
export function explain(path: string): Explanation {
  const [word = '', ...fields] = path.split('.')
  const kind = Object.hasOwn(KINDS, word) ? KINDS[word] : undefined
  if (kind === undefined) {
    throw new OmniError('USAGE', `there is no kind '${word}' that can be written in a file`, {
      hint: didYouMean(word, Object.keys(KINDS)) ?? 'kinds: service, instance, profile, network',
    })
  }
  return explainField(kind, fieldSchema(kind), fields)
}

/** Whether the schemas of omni's own files tell of it. */
export const isOwnKind = (path: string): boolean => Object.hasOwn(KINDS, path.split('.')[0] ?? '')

/** Explains a kind of a cluster by the schema that its server serves. USAGE for an unknown kind, NOT_FOUND for a field. */
export async function explainObject(path: string, objects: ObjectApi, call: CallOptions): Promise<Explanation> {
  const [word = '', ...fields] = path.split('.')
  const found = await objects.schema?.(word, call)
  if (found === undefined) {
    throw new OmniError('USAGE', `there is no kind '${word}', neither in files of omni nor in the cluster`, {
      hint: 'kinds of files: service, instance, profile, network; of the cluster: omni get --help',
    })
  }
  // What the server sends is a schema; of each field only what is one is looked at.
  return explainField(found.kind.kind, found.schema as FieldSchema, fields)
}

function explainField(kind: string, root: FieldSchema, fields: readonly string[]): Explanation {
  let parent = root
  for (const [index, field] of fields.entries()) {
    const inner = schemaAt(parent, [field]) ?? schemaAt(parent, [0, field])
    if (inner === undefined) throw unknownField([kind, ...fields.slice(0, index)].join('.'), field, parent)
    if (index < fields.length - 1) parent = inner
  }
  const schema =
    fields.length === 0 ? root : (schemaAt(parent, [fields.at(-1) ?? '']) ?? schemaAt(parent, [0, fields.at(-1) ?? '']))
  return explanationOf([kind, ...fields].join('.'), schema ?? root, true)
}

function unknownField(path: string, field: string, parent: FieldSchema): OmniError {
  const known = Object.keys(objectOf(parent)?.properties ?? {})
  return new OmniError('NOT_FOUND', `'${path}' has no field '${field}'`, {
    hint: didYouMean(field, known) ?? `omni explain ${path}`,
  })
}

function explanationOf(path: string, schema: FieldSchema, isDeep: boolean): Explanation {
  const object = objectOf(schema)
  const fields = Object.entries(object?.properties ?? {}).map(([name, field]) => ({
    ...explanationOf(name, field, false),
    required: object?.required?.includes(name) === true,
  }))
  return {
    path,
    type: typeInWords(schema),
    ...(schema.description === undefined ? {} : {description: schema.description}),
    ...(schema.default === undefined ? {} : {default: schema.default}),
    ...(isDeep && fields.length > 0 ? {fields} : {}),
  }
}

/** The map that a field is, or that its list or its alternatives hold. */
const objectOf = (schema: FieldSchema): FieldSchema | undefined =>
  [schema, schema.items, ...(schema.anyOf ?? [])].find((option) => option?.properties !== undefined)

/** Text and JSON of an explanation. */
export const explanationView = (explanation: Explanation): ItemView<Explanation> =>
  itemView({data: explanation, text: explanationLines})

function explanationLines({path, type, description, fields = [], ...rest}: Explanation): TextLine[] {
  const head: TextLine[] = [
    [path, ['  ', 'plain'], [type, 'dim']],
    ...(description === undefined ? [] : description.split('\n').map((line) => `  ${line}`)),
    ...(rest.default === undefined ? [] : [`  default: ${JSON.stringify(rest.default)}`]),
  ]
  if (fields.length === 0) return head
  const width = Math.max(...fields.map((field) => field.path.length))
  return [...head, '', [['fields:', 'dim']], ...fields.map((field) => fieldLine(field, width))]
}

/** Servers tell whole stories: in a list their first sentence will do. */
const brief = (text: string): string =>
  (text.length > LONG ? (/^.+?\.(?=\s|$)/s.exec(text)?.[0] ?? text) : text).replaceAll('\n', ' ')
const LONG = 120

function fieldLine(field: Explanation, width: number): TextLine {
  const isPlain = field.default === undefined || ['{}', '[]'].includes(JSON.stringify(field.default))
  const remarks = [
    field.type,
    ...(field.required === true ? ['required'] : []),
    ...(isPlain ? [] : [`default ${JSON.stringify(field.default)}`]),
  ]
  return [
    `  ${field.path.padEnd(width)}  `,
    [remarks.join(', '), 'dim'],
    field.description === undefined ? '' : `  ${brief(field.description)}`,
  ]
}
