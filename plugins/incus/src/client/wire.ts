import * as z from 'zod/mini'

/*
 * Answers of the Incus REST API (6.0 and later), as far as we read them. Unknown fields are dropped, so that newer servers work.
 * They are made when they are first used: a command reads a few of them.
 */

const textMap = z.record(z.string(), z.string())
const deviceMap = z.record(z.string(), textMap)
/** Incus writes null for an empty list or map. */
const orEmpty = <T extends z.ZodMiniType>(schema: T, empty: z.output<T>) =>
  z.pipe(
    z.nullish(schema),
    z.transform((value) => value ?? empty),
  )

/** `status_code` of an operation: 100–113 go on, 200 success, 400 failure, 401 cancelled. */
export const operationWire = z.lazy(() =>
  z.object({
    id: z.string(),
    class: z.string(),
    description: z._default(z.string(), ''),
    status: z.string(),
    status_code: z.int(),
    resources: orEmpty(z.record(z.string(), z.nullable(z.array(z.string()))), {}),
    metadata: orEmpty(z.record(z.string(), z.unknown()), {}),
    may_cancel: z._default(z.boolean(), false),
    err: z._default(z.string(), ''),
    location: z._default(z.string(), 'none'),
  }),
)
export type Operation = z.output<typeof operationWire>

/** A frame of `/events?type=operation`. */
export const operationEventWire = z.lazy(() => z.object({type: z.literal('operation'), metadata: operationWire}))

/** The answer to any request but those for bytes. */
export const envelopeWire = z.object({
  type: z.enum(['sync', 'async', 'error']),
  status_code: z._default(z.int(), 0),
  operation: z._default(z.string(), ''),
  error_code: z._default(z.int(), 0),
  error: z._default(z.string(), ''),
  metadata: z.unknown(),
})

export const serverWire = z.lazy(() =>
  z.object({
    auth: z.string(),
    api_extensions: orEmpty(z.array(z.string()), []),
    config: orEmpty(z.record(z.string(), z.unknown()), {}),
    environment: z.nullish(
      z.object({
        server_version: z._default(z.string(), ''),
        server_name: z._default(z.string(), ''),
        server_clustered: z._default(z.boolean(), false),
        /** `lxc | qemu` where there are virtual machines. */
        driver: z._default(z.string(), ''),
        storage: z._default(z.string(), ''),
        kernel_architecture: z._default(z.string(), ''),
        certificate_fingerprint: z._default(z.string(), ''),
        project: z._default(z.string(), ''),
      }),
    ),
  }),
)
export type Server = z.output<typeof serverWire>

const addressWire = z.object({
  family: z.string(),
  address: z.string(),
  netmask: z._default(z.string(), ''),
  scope: z.string(),
})
const networkStateWire = z.object({
  addresses: orEmpty(z.array(addressWire), []),
  hwaddr: z._default(z.string(), ''),
  type: z._default(z.string(), ''),
  counters: z.nullish(z.object({bytes_received: z._default(z.number(), 0), bytes_sent: z._default(z.number(), 0)})),
})

export const instanceStateWire = z.object({
  status: z.string(),
  status_code: z.int(),
  pid: z._default(z.int(), 0),
  processes: z._default(z.int(), 0),
  started_at: z.optional(z.string()),
  cpu: z.nullish(z.object({usage: z._default(z.number(), 0)})),
  memory: z.nullish(z.object({usage: z._default(z.number(), 0), total: z._default(z.number(), 0)})),
  disk: orEmpty(
    z.record(z.string(), z.object({usage: z._default(z.number(), 0), total: z._default(z.number(), 0)})),
    {},
  ),
  network: orEmpty(z.record(z.string(), networkStateWire), {}),
})

export const snapshotWire = z.object({
  name: z.string(),
  created_at: z.string(),
  expires_at: z.optional(z.string()),
  stateful: z._default(z.boolean(), false),
  size: z._default(z.number(), -1),
})
export type WireSnapshot = z.output<typeof snapshotWire>

/** `GET /instances?recursion=2`, and `/instances/NAME?recursion=1`, which have state and snapshots; else they are absent. */
export const instanceWire = z.object({
  name: z.string(),
  type: z.enum(['container', 'virtual-machine']),
  status: z.string(),
  status_code: z.int(),
  location: z._default(z.string(), 'none'),
  project: z._default(z.string(), 'default'),
  architecture: z._default(z.string(), ''),
  description: z._default(z.string(), ''),
  ephemeral: z._default(z.boolean(), false),
  stateful: z._default(z.boolean(), false),
  profiles: orEmpty(z.array(z.string()), []),
  config: orEmpty(textMap, {}),
  devices: orEmpty(deviceMap, {}),
  expanded_config: orEmpty(textMap, {}),
  expanded_devices: orEmpty(deviceMap, {}),
  created_at: z.optional(z.string()),
  last_used_at: z.optional(z.string()),
  state: z.nullish(instanceStateWire),
  snapshots: z.nullish(z.array(snapshotWire)),
})
export type WireInstance = z.output<typeof instanceWire>

export const profileWire = z.lazy(() =>
  z.object({
    name: z.string(),
    description: z._default(z.string(), ''),
    config: orEmpty(textMap, {}),
    devices: orEmpty(deviceMap, {}),
    used_by: orEmpty(z.array(z.string()), []),
  }),
)
export type WireProfile = z.output<typeof profileWire>

export const networkWire = z.lazy(() =>
  z.object({
    name: z.string(),
    description: z._default(z.string(), ''),
    type: z.string(),
    managed: z.boolean(),
    status: z._default(z.string(), ''),
    config: orEmpty(textMap, {}),
    used_by: orEmpty(z.array(z.string()), []),
  }),
)
export type WireNetwork = z.output<typeof networkWire>

export const imageWire = z.lazy(() =>
  z.object({
    fingerprint: z.string(),
    type: z.enum(['container', 'virtual-machine']),
    architecture: z._default(z.string(), ''),
    size: z._default(z.number(), 0),
    public: z._default(z.boolean(), false),
    cached: z._default(z.boolean(), false),
    properties: orEmpty(textMap, {}),
    aliases: orEmpty(z.array(z.object({name: z.string(), description: z._default(z.string(), '')})), []),
  }),
)
export type WireImage = z.output<typeof imageWire>
