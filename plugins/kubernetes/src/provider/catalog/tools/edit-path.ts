import {didYouMean, OmniError} from '@omni-cli/sdk'
import {isFields} from '../../../fields.ts'
import type {FieldSchema, Schemas} from '../../objects/problems/schema.ts'

export type Value = unknown
type Key = string | number

/** `spec.a.0.b` and `spec.a[0]."key.with.dots"` → keys. */
export function pathKeys(text: string): Key[] {
  const keys = [...text.matchAll(/"([^"]*)"|\[(\d+)\]|([^.[\]"]+)/g)].map(([, quoted, index, plain]) => {
    if (index !== undefined) return Number(index)
    if (quoted !== undefined) return quoted
    return /^\d+$/.test(plain ?? '') ? Number(plain) : (plain ?? '')
  })
  if (keys.length > 0) return keys
  throw new OmniError('USAGE', `--set '${text}' names no field`)
}

/** The value with one place changed; what is on the way is made. Never changes what it is given. */
export function withValue(root: Value, [key, ...rest]: readonly Key[], value: Value): Value {
  if (key === undefined) return value
  if (typeof key === 'number') {
    const list = Array.isArray(root) ? [...root] : []
    if (key > list.length) throw new OmniError('USAGE', `there is no item ${key}: the list has ${list.length}`)
    list[key] = withValue(list[key], rest, value)
    return list
  }
  return {...(isFields(root) ? root : {}), [key]: withValue(isFields(root) ? root[key] : undefined, rest, value)}
}

/** The text as the type that the schema gives that place. USAGE for a place that it does not know, with the nearest. */
export function typedValue(schemas: Schemas | undefined, keys: readonly Key[], text: string): Value {
  if (schemas === undefined) return guessed(text)
  return converted(schemaAt(schemas, keys), text, keys.join('.'))
}

const ROOT = ['apiVersion', 'kind', 'metadata', 'spec']

function schemaAt({root, named}: Schemas, keys: readonly Key[]): FieldSchema {
  if (keys[0] === 'metadata') return {}
  let at: FieldSchema = root
  for (const [depth, key] of keys.entries()) {
    const schema: FieldSchema = at.ref === undefined ? at : (named[at.ref] ?? {isOpen: true})
    const next = childOf(schema, key)
    if (next !== undefined) {
      at = next
      continue
    }
    const known = depth === 0 ? ROOT : Object.keys(schema.properties ?? {})
    const where = depth === 0 ? 'a manifest' : `'${keys.slice(0, depth).join('.')}'`
    throw new OmniError('USAGE', `${where} has no field '${key}'`, {
      hint:
        didYouMean(String(key), known) ?? (known.length === 0 ? undefined : `known: ${known.slice(0, 20).join(', ')}`),
      details: {path: keys.join('.')},
    })
  }
  return at.ref === undefined ? at : (named[at.ref] ?? {})
}

function childOf(schema: FieldSchema, key: Key): FieldSchema | undefined {
  if (typeof key === 'number' && schema.items !== undefined) return schema.items
  const own =
    schema.properties !== undefined && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined
  if (own !== undefined) return own
  if (schema.others === true || schema.isOpen === true) return {isOpen: true}
  return schema.others
}

function converted({type, isIntOrString, isOpen, enum: words}: FieldSchema, text: string, path: string): Value {
  const wrong = (what: string) => new OmniError('USAGE', `'${path}' must be ${what}, and is '${text}'`)
  if (words !== undefined && !words.includes(text)) throw wrong(`one of ${words.join(', ')}`)
  if (isIntOrString === true) return /^\d+$/.test(text) ? Number(text) : text
  switch (type) {
    case 'string':
      return text
    case 'boolean':
      if (text === 'true' || text === 'false') return text === 'true'
      throw wrong('true or false')
    case 'integer':
      if (/^-?\d+$/.test(text)) return Number(text)
      throw wrong('a whole number')
    case 'number':
      if (text.trim() !== '' && Number.isFinite(Number(text))) return Number(text)
      throw wrong('a number')
    case 'array':
    case 'object': {
      const value = parsed(text)
      if (type === 'array' ? Array.isArray(value) : isFields(value)) return value
      throw wrong(type === 'array' ? 'a list in JSON' : 'a map in JSON')
    }
    default:
      return isOpen === true || type === undefined ? guessed(text) : text
  }
}

const guessed = (text: string): Value => parsed(text) ?? text

function parsed(text: string): Value {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
