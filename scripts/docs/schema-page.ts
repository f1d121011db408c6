import {type FieldSchema, typeInWords} from '@omni-cli/sdk/engine'

/** A table of every field of a schema, nested ones with their path. */
export function schemaTable(schema: FieldSchema): string {
  const rows = fields(schema, '').map(
    ({path, type, fallback, text}) => `| \`${path}\` | ${cell(type)} | ${fallback} | ${cell(text)} |`,
  )
  return ['| field | takes | default | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

interface Field {
  readonly path: string
  readonly type: string
  readonly fallback: string
  readonly text: string
}

function fields(schema: FieldSchema, prefix: string): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`
    const isRequired = schema.required?.includes(name) === true && field.default === undefined
    const own = {
      path,
      type: typeInWords(field),
      fallback: isRequired ? 'required' : literal(field.default),
      text: field.description ?? '',
    }
    return [own, ...nested(field, path)]
  })
}

/** Fields of a map, of the entries of a list, of the values of a map with free keys. */
function nested(field: FieldSchema, path: string): Field[] {
  const options = [field, ...(field.anyOf ?? [])]
  return options.flatMap((option) => {
    const values =
      typeof option.additionalProperties === 'object' ? nestedIn(option.additionalProperties, `${path}.*`) : []
    const items = option.items === undefined ? [] : nestedIn(option.items, `${path}[]`)
    return [...fields(option, path), ...items, ...values]
  })
}

const nestedIn = (field: FieldSchema, path: string): Field[] => [...fields(field, path), ...nestedOnly(field, path)]

const nestedOnly = (field: FieldSchema, path: string): Field[] =>
  (field.anyOf ?? []).flatMap((option) => fields(option, path))

const literal = (value: unknown): string =>
  value === undefined ? '' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``

export const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
