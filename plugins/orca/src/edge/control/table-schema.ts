import * as z from 'zod/mini'
import type {EdgeTable} from '../table.ts'

const port = z.int().check(z.gte(0), z.lte(65_535))

/** Fit for the value of a cookie as it is. */
const pinName = z.string().check(z.regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/))

const target = z.object({
  address: z.string().check(z.regex(/^.+:[0-9]{1,5}$/)),
  weight: z.number().check(z.gte(0)),
  version: z.string(),
  pin: z.optional(pinName),
})

const pin = z.object({
  header: z.optional(pinName),
  cookie: z.optional(pinName),
  isSticky: z.optional(z.boolean()),
})

const service = z.object({
  service: z.string(),
  protocol: z.enum(['http', 'tcp']),
  port: z.optional(port),
  bind: z.optional(z.string()),
  hosts: z.array(z.string()),
  paths: z.array(z.string()),
  stripPrefix: z.optional(z.string()),
  pin: z.optional(pin),
  targets: z.array(target),
})

const certificate = z.object({
  hosts: z.array(z.string()),
  certFile: z.string(),
  keyFile: z.string(),
  revision: z.string(),
  isRedirected: z.boolean(),
})

const address = z.object({bind: z.string(), port})

const table = z.object({
  http: address,
  https: z.optional(address),
  certificates: z.optional(z.array(certificate)),
  challenges: z.optional(z.record(z.string(), z.string())),
  trustedProxies: z.optional(z.array(z.string())),
  services: z.array(service),
})

/** A table from a file or a socket. Throws when it is none. */
export function parseTable(value: unknown): EdgeTable {
  const parsed = table.parse(value)
  return {...parsed, services: parsed.services.map((entry) => ({...entry, port: entry.port}))}
}
