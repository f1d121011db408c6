import {type ServiceSpec, serviceSpec} from '@omni-cli/sdk'
import type {z} from 'zod'
import {bodyProblem} from './body.ts'

/**
 * A service as it comes over the wire: unknown fields are ignored, and optional scalars and objects may be null (Orca's
 * own client sends every field). 422 with the place for anything else that does not fit.
 */
export function readServiceConfig(value: unknown, path: readonly PropertyKey[] = []): ServiceSpec {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw bodyProblem(path, 'a service is expected to be an object')
  }
  const result = serviceSpec.safeParse(tolerate(serviceSpec, withCommand(value)))
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw bodyProblem([...path, ...(issue?.path ?? [])], issue?.message ?? 'invalid')
}

/** `cmd` is Orca's word for the command. */
function withCommand(value: object): object {
  if (!('cmd' in value) || ('command' in value && value.command !== null)) return value
  const {cmd} = value
  return Array.isArray(cmd) && cmd.length === 0 ? value : {...value, command: cmd}
}

/** A copy with only the fields that the schema knows, and without null where a field may be left out. */
function tolerate(schema: z.core.$ZodType, value: unknown): unknown {
  // zod's documented union of all its schemas; the base type alone cannot be told apart.
  const {def} = (schema as z.core.$ZodTypes)._zod
  switch (def.type) {
    case 'optional':
      return value === null ? undefined : tolerate(def.innerType, value)
    case 'default':
      return tolerate(def.innerType, value)
    case 'array':
      return Array.isArray(value) ? value.map((item) => tolerate(def.element, item)) : value
    case 'object':
      return isRecord(value) ? tolerateFields(def.shape, value) : value
    default:
      return value
  }
}

function tolerateFields(shape: Readonly<Record<string, z.core.$ZodType>>, value: Readonly<Record<string, unknown>>) {
  const result: Record<string, unknown> = {}
  for (const [key, field] of Object.entries(shape)) {
    const kept = Object.hasOwn(value, key) ? tolerate(field, value[key]) : undefined
    if (kept !== undefined) result[key] = kept
  }
  return result
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
