import type {PrinterColumn} from '../kinds.ts'
import type {Schema} from '../schema.ts'

export const string: Schema = {type: 'string'}
export const int: Schema = {type: 'integer'}
export const bool: Schema = {type: 'boolean'}
export const time: Schema = {type: 'string'}
/** Amounts and ports: `80Gi`, `1`. */
export const quantity: Schema = {'x-kubernetes-int-or-string': true}
/** Parts that are not looked into. */
export const anything: Schema = {type: 'object', 'x-kubernetes-preserve-unknown-fields': true}
export const map: Schema = {type: 'object', additionalProperties: string}

export const list = (items: Schema): Schema => ({type: 'array', items})
export const oneOf = (...values: readonly string[]): Schema => ({type: 'string', enum: values})
export const preset = (schema: Schema, value: string | number): Schema => ({...schema, default: value})

/** Fields with a `*` at the end of their names must be there. */
export function fields(properties: Readonly<Record<string, Schema>>): Schema {
  const named = Object.entries(properties).map(([name, schema]) => [name.replace('*', ''), schema] as const)
  const required = Object.keys(properties).flatMap((name) => (name.endsWith('*') ? [name.slice(0, -1)] : []))
  return {type: 'object', properties: Object.fromEntries(named), ...(required.length === 0 ? {} : {required})}
}

/** The same, and others are kept. */
export const openFields = (properties: Readonly<Record<string, Schema>>): Schema => ({
  ...fields(properties),
  'x-kubernetes-preserve-unknown-fields': true,
})

/** `Ready .status.state`, with `Age` at the end. */
export function columns(...given: readonly string[]): PrinterColumn[] {
  const own = given.map((text) => {
    const [name = '', jsonPath = '', type = 'string'] = text.split(' ')
    return {name, jsonPath, type}
  })
  return [...own, {name: 'Age', jsonPath: '.metadata.creationTimestamp', type: 'date'}]
}
