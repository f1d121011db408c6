import {didYouMean, OmniError} from '@omni-cli/sdk'
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
  const root = fieldSchema(kind)
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
    ...(description === undefined ? [] : [`  ${description}`]),
    ...(rest.default === undefined ? [] : [`  default: ${JSON.stringify(rest.default)}`]),
  ]
  if (fields.length === 0) return head
  const width = Math.max(...fields.map((field) => field.path.length))
  return [...head, '', [['fields:', 'dim']], ...fields.map((field) => fieldLine(field, width))]
}

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
    field.description === undefined ? '' : `  ${field.description}`,
  ]
}
