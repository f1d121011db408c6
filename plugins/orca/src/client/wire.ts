import {type LogLine, OmniError, type OmniEvent, type Release, type Service} from '@omni-cli/sdk'
import * as z from 'zod/mini'

/**
 * Answers of the servers. Only what we rely on is checked, and fields that we do not know are kept: a newer server may
 * say more. Each shape is built when it is first asked for: building all of them takes a tenth of a command's start.
 */

const once = <T>(make: () => T): (() => T) => {
  let made: T | undefined
  return () => (made ??= make())
}

const text = z.string()
const optional = <T extends z.core.$ZodType>(type: T) => z.nullish(type)

const specWire = once(() => z.looseObject({name: text}))

/** By hand, since every `get` and `status` reads services: the library takes five times as long for the first of them. */
const isService = (value: unknown): value is Service =>
  hasFields(value, {name: 'string', status: 'string', desiredReplicas: 'number', runningReplicas: 'number'}) &&
  STATUSES.has(value.status) &&
  hasFields(value.spec, {name: 'string'}) &&
  Array.isArray(value.endpoints) &&
  value.endpoints.every((endpoint) => hasFields(endpoint, {url: 'string', via: 'string'})) &&
  Array.isArray(value.replicas) &&
  value.replicas.every((replica) =>
    hasFields(replica, {name: 'string', index: 'number', status: 'string', release: 'string', restarts: 'number'}),
  )

const STATUSES: ReadonlySet<unknown> = new Set(['running', 'degraded', 'deploying', 'failed', 'stopped'])

function hasFields(value: unknown, types: Readonly<Record<string, string>>): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(types).every(([key, type]) => typeof Reflect.get(value, key) === type)
}

export const serviceWire = once(() => z.custom<Service>(isService, 'it is no service'))

const releaseWire = once(() =>
  z.looseObject({
    id: text,
    service: text,
    status: text,
    spec: specWire(),
    createdAt: text,
    reason: text,
  }),
)

export const serviceListWire = once(() => z.looseObject({services: z.array(serviceWire())}))
export const releaseListWire = once(() => z.looseObject({releases: z.array(releaseWire())}))

export const logLineWire = once(() =>
  z.looseObject({time: text, stream: z.enum(['stdout', 'stderr']), replica: text, text}),
)

/** A format that we do not know is no reason to fail: the server sends the lines as well. */
export const logFilesWire = once(() =>
  z.looseObject({files: z.array(z.looseObject({replica: text, path: text, format: z.enum(['json-file', 'omni'])}))}),
)

export const eventWire = once(() => z.looseObject({id: z.number(), time: text, ref: text, type: text, message: text}))

export const errorWire = once(() =>
  z.looseObject({
    error: z.looseObject({code: text, message: text, hint: z.optional(text), details: z.optional(z.unknown())}),
  }),
)

export const versionWire = once(() =>
  z.looseObject({name: z.literal('omni'), version: text, pid: z.number(), startedAt: text}),
)

export const deployLineWire = once(() =>
  z.discriminatedUnion('type', [
    z.looseObject({type: z.literal('progress'), service: text, note: text}),
    z.looseObject({type: z.literal('result'), service: serviceWire(), warnings: z.array(text)}),
    z.looseObject({type: z.literal('error'), error: errorWire().shape.error}),
  ]),
)

/** Orca's status; fields of its later versions may be there. */
export const orcaStatusWire = once(() =>
  z.looseObject({
    cluster_name: text,
    services: z.array(
      z.looseObject({
        name: text,
        project: optional(text),
        image: optional(text),
        runtime: optional(text),
        desired_replicas: z.number(),
        running_replicas: z.number(),
        status: text,
        domain: optional(text),
        domains: optional(z.array(text)),
        last_failure: optional(
          z.looseObject({
            reason: text,
            message: text,
            exit_code: optional(z.number()),
            restart_count: z.number(),
            observed_at: text,
          }),
        ),
      }),
    ),
  }),
)

export type OrcaStatus = z.infer<ReturnType<typeof orcaStatusWire>>['services'][number]

export const orcaDeployWire = once(() => z.looseObject({deployed: z.array(text), errors: z.array(text)}))

export const clusterInfoWire = once(() =>
  z.looseObject({
    nodes: z.array(
      z.looseObject({
        node_id: text,
        address: text,
        labels: optional(z.record(text, text)),
        last_heartbeat: text,
        drain: optional(z.boolean()),
      }),
    ),
  }),
)

/** The value in the schema's shape, or UNAVAILABLE: the other side is not what we take it for. */
export function readWire<T>(schema: z.ZodMiniType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new OmniError('UNAVAILABLE', `the server's answer about ${what} cannot be read: ${issue?.message ?? ''}`, {
    hint: 'check the versions: omni version; omni server status',
    details: {path: issue?.path.map(String).join('.')},
  })
}

/** JSON, or UNAVAILABLE. `node_id` is kept as digits: it has 64 bits. */
export function readJson(answer: string, what: string): unknown {
  try {
    return JSON.parse(answer.replace(/("node_id"\s*:\s*)(\d+)/g, '$1"$2"'))
  } catch (error) {
    throw new OmniError('UNAVAILABLE', `the server's answer about ${what} is no JSON`, {cause: error})
  }
}

// The checked part is all that is used without a look; the rest has the shape that the server's own types give it.
export const asRelease = (wire: z.infer<ReturnType<typeof releaseWire>>): Release => wire as unknown as Release
export const asLogLine = (wire: z.infer<ReturnType<typeof logLineWire>>): LogLine => wire
export const asEvent = (wire: z.infer<ReturnType<typeof eventWire>>): OmniEvent => wire
