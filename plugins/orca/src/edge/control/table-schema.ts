import * as z from 'zod/mini'
import type {EdgeTable} from '../table.ts'

const port = z.int().check(z.gte(0), z.lte(65_535))

const target = z.object({
  address: z.string().check(z.regex(/^.+:[0-9]{1,5}$/)),
  weight: z.number().check(z.gte(0)),
  version: z.string(),
})

const service = z.object({
  service: z.string(),
  protocol: z.enum(['http', 'tcp']),
  port: z.optional(port),
  bind: z.optional(z.string()),
  hosts: z.array(z.string()),
  paths: z.array(z.string()),
  stripPrefix: z.optional(z.string()),
  targets: z.array(target),
})

const table = z.object({http: z.object({bind: z.string(), port}), services: z.array(service)})

/** A table from a file or a socket. Throws when it is none. */
export function parseTable(value: unknown): EdgeTable {
  const parsed = table.parse(value)
  return {...parsed, services: parsed.services.map((entry) => ({...entry, port: entry.port}))}
}
