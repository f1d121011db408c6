import {z} from 'zod'
import {hostNameProblem, nameProblem} from '../names.ts'
import {parseBytes, parseDuration} from '../units.ts'

/** A name that every engine accepts: a DNS label (RFC 1123), 1–63 of a-z, 0-9 and '-', starting with a letter. */
export const resourceName = z.string().superRefine((value, context) => {
  const problem = nameProblem(value)
  if (problem !== undefined) context.addIssue({code: 'custom', message: problem})
})

/** A name that requests are sent to: no port, no path, no wildcard. */
export const hostName = z.string().superRefine((value, context) => {
  const problem = hostNameProblem(value)
  if (problem !== undefined) context.addIssue({code: 'custom', message: problem})
})

/** Bytes as a number, or a size text; always a whole number of bytes after parsing. */
export const bytes = z.union([z.int().min(0), z.string()]).transform((value, context) => {
  const size = typeof value === 'number' ? value : parseBytes(value)
  if (size !== undefined) return size
  context.addIssue({code: 'custom', message: `'${value}' is not a size; write 512Mi, 1GiB or 1GB`})
  return z.NEVER
})

/** The memory or disk of a machine: as `bytes`, and so much that it is no mistake for a number of gigabytes. */
export const size = bytes.refine((value) => value >= 1_000_000, 'is less than 1MB; write a unit, as in 2GiB')

/** A number of seconds, or a duration text such as 90s or 5m; always milliseconds after parsing. */
export const durationMs = z.union([z.int().min(0), z.string()]).transform((value, context) => {
  const ms = parseDuration(String(value))
  if (ms !== undefined) return ms
  context.addIssue({code: 'custom', message: `'${value}' is no duration; write 90s or 5m`})
  return z.NEVER
})

/** Texts by name; numbers and booleans become texts. */
export const textMap = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String))

export const labelMap = z.record(
  z.string().min(1).max(63),
  z.union([z.string(), z.number(), z.boolean()]).transform(String),
)

export const port = z.int().min(1).max(65_535)

/** Something about a spec that its schema cannot say. `path` leads to the field. */
export interface SpecProblem {
  readonly path: readonly (string | number)[]
  readonly message: string
}
