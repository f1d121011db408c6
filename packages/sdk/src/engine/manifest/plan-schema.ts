import {type FieldSchema, fieldSchema, type SchemaKind} from './schema.ts'

type Json = Readonly<Record<string, unknown>>

/** Section of a plan → what is in it. */
const SECTIONS: readonly (readonly [string, SchemaKind, string])[] = [
  ['services', 'service', 'applications by name'],
  ['service', 'service', 'the same, as a list: the form of service.toml'],
  ['instances', 'instance', 'machines by name'],
  ['profiles', 'profile', 'named sets of settings that machines use'],
  ['networks', 'network', 'networks that machines join'],
]

const KINDS = ['service', 'instance', 'profile', 'network'] as const satisfies readonly SchemaKind[]

/** JSON Schema (draft 2020-12) of a whole plan, for editors. The loader tells more, and is the one that is right. */
export function planSchema(): Json {
  const kinds = KINDS.map((kind) => [kind, fieldSchema(kind)] as const)
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A plan of omni',
    description: 'omni.yaml, and every file that omni apply reads',
    type: 'object',
    additionalProperties: false,
    properties: {
      project: {type: 'string', description: 'name of the project that services belong to'},
      include: {
        description: 'files that belong to this plan, relative to it',
        anyOf: [{type: 'string'}, {type: 'array', items: {type: 'string'}}],
      },
      variables: VARIABLES,
      ...sections(''),
      environments: {
        type: 'object',
        description: 'what differs in an environment, chosen with --env',
        additionalProperties: {type: 'object', additionalProperties: false, properties: sections('Part')},
      },
    },
    $defs: {
      reference: {
        type: 'string',
        pattern: '\\$\\{(var\\.[A-Za-z_][A-Za-z0-9_-]*|index)\\}',
        description: `\${var.NAME} is a variable; \${index} the number of a machine with count`,
      },
      ...Object.fromEntries(kinds.flatMap(([kind, schema]) => definitionsOf(kind, schema))),
    },
  }
}

const SCALAR = {type: ['string', 'number', 'boolean', 'null']} as const

const VARIABLES: Json = {
  type: 'object',
  description: `values that \${var.NAME} stands for; empty ones must be given by --var, --var-file or OMNI_VAR_NAME`,
  propertyNames: {pattern: '^[A-Za-z_][A-Za-z0-9_-]{0,62}$'},
  additionalProperties: {
    anyOf: [
      SCALAR,
      {
        type: 'object',
        additionalProperties: false,
        properties: {
          default: SCALAR,
          description: {type: 'string'},
          secret: {type: 'boolean', description: 'never shown; default: by its name'},
        },
      },
    ],
  },
}

/** `suffix` chooses the form: whole, or the part that an environment changes. */
const sections = (suffix: '' | 'Part'): Json =>
  Object.fromEntries(
    SECTIONS.map(([key, kind, description]) => [
      key,
      {
        description,
        anyOf: [
          {type: 'object', additionalProperties: {$ref: `#/$defs/${kind}${suffix}`}},
          {type: 'array', items: {$ref: `#/$defs/${kind}Listed`}},
        ],
      },
    ]),
  )

/** By name (the key is the name), as an item of a list (`name` is there), and as a part of one. */
function definitionsOf(kind: SchemaKind, schema: FieldSchema): [string, Json][] {
  const properties = Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([name, field]) => [name, withReferences(field)]),
  )
  const shape = {type: 'object', additionalProperties: false, properties}
  const required = (schema.required ?? []).filter((name) => name !== 'name')
  return [
    [kind, {...shape, required}],
    [`${kind}Listed`, {...shape, required: ['name', ...required]}],
    [`${kind}Part`, {...shape, properties: nullable(properties)}],
  ]
}

/** null takes a field away. */
const nullable = (properties: Json): Json =>
  Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, {anyOf: [field, {type: 'null'}]}]))

/** A reference may stand wherever one value is wanted. Texts hold one anyhow, unless they have a form. */
function withReferences(schema: FieldSchema): Json {
  const {properties, items, additionalProperties, anyOf, ...rest} = schema
  // Not a format of JSON Schema; the pattern beside it says it.
  const own = Object.fromEntries(
    Object.entries(rest).filter(([key, value]) => key !== 'format' || value !== 'starts_with'),
  )
  const inner = {
    ...own,
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([key, field]) => [key, withReferences(field)]),
          ),
        }),
    ...(items === undefined ? {} : {items: withReferences(items)}),
    ...(additionalProperties === undefined
      ? {}
      : {
          additionalProperties:
            typeof additionalProperties === 'object' ? withReferences(additionalProperties) : additionalProperties,
        }),
    ...(anyOf === undefined ? {} : {anyOf: anyOf.map(withReferences)}),
  }
  if (anyOf !== undefined || !isFormed(schema)) return inner
  const {description, default: fallback, ...value}: Json = inner
  return {
    ...(description === undefined ? {} : {description}),
    ...(fallback === undefined ? {} : {default: fallback}),
    anyOf: [value, {$ref: '#/$defs/reference'}],
  }
}

const isFormed = (schema: FieldSchema): boolean =>
  schema.type === 'integer' ||
  schema.type === 'number' ||
  schema.type === 'boolean' ||
  schema.enum !== undefined ||
  'pattern' in schema
