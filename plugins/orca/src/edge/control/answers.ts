import * as z from 'zod/mini'
import type {EdgeHealth, EdgeListener, EdgeVersionStats} from '../table.ts'

const listeners = z.array(
  z.object({
    service: z.optional(z.string()),
    bind: z.string(),
    port: z.number(),
    isTls: z.optional(z.boolean()),
    certificates: z.optional(
      z.array(z.object({host: z.string(), notAfter: z.optional(z.string()), error: z.optional(z.string())})),
    ),
    error: z.optional(z.string()),
  }),
)

const stats = z.array(
  z.object({
    service: z.string(),
    version: z.string(),
    route: z.string(),
    requests: z.number(),
    classes: z.array(z.number()),
    buckets: z.array(z.number()),
    seconds: z.number(),
    inFlight: z.number(),
  }),
)

const health = z.object({pid: z.number(), uptimeMs: z.number(), version: z.optional(z.string())})

export const listenersAnswer = (value: unknown): EdgeListener[] =>
  listeners.parse(value).map((listener) => ({...listener, service: listener.service}))

export const statsAnswer = (value: unknown): EdgeVersionStats[] => stats.parse(value)

export const healthAnswer = (value: unknown): EdgeHealth => health.parse(value)
