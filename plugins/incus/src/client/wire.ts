import {z} from 'zod'

/*
 * Answers of the Incus REST API (6.0 and later), as far as we read them. Unknown fields are dropped, so that newer servers work.
 */

const textMap = z.record(z.string(), z.string())
const deviceMap = z.record(z.string(), textMap)
/** Incus writes null for an empty list or map. */
const orEmpty = <T extends z.ZodType>(schema: T, empty: z.output<T>) =>
  schema.nullish().transform((value) => value ?? empty)

/** `status_code` of an operation: 100–113 go on, 200 success, 400 failure, 401 cancelled. */
export const operationWire = z.object({
  id: z.string(),
  class: z.string(),
  description: z.string().default(''),
  status: z.string(),
  status_code: z.int(),
  resources: orEmpty(z.record(z.string(), z.array(z.string()).nullable()), {}),
  metadata: orEmpty(z.record(z.string(), z.unknown()), {}),
  may_cancel: z.boolean().default(false),
  err: z.string().default(''),
  location: z.string().default('none'),
})
export type Operation = z.output<typeof operationWire>

/** A frame of `/events?type=operation`. */
export const operationEventWire = z.object({type: z.literal('operation'), metadata: operationWire})

/** The answer to any request but those for bytes. */
export const envelopeWire = z.object({
  type: z.enum(['sync', 'async', 'error']),
  status_code: z.int().default(0),
  operation: z.string().default(''),
  error_code: z.int().default(0),
  error: z.string().default(''),
  metadata: z.unknown(),
})

export const serverWire = z.object({
  auth: z.string(),
  api_extensions: orEmpty(z.array(z.string()), []),
  config: orEmpty(z.record(z.string(), z.unknown()), {}),
  environment: z
    .object({
      server_version: z.string().default(''),
      server_name: z.string().default(''),
      server_clustered: z.boolean().default(false),
      /** `lxc | qemu` where there are virtual machines. */
      driver: z.string().default(''),
      storage: z.string().default(''),
      kernel_architecture: z.string().default(''),
      certificate_fingerprint: z.string().default(''),
      project: z.string().default(''),
    })
    .nullish(),
})
export type Server = z.output<typeof serverWire>

const addressWire = z.object({
  family: z.string(),
  address: z.string(),
  netmask: z.string().default(''),
  scope: z.string(),
})
const networkStateWire = z.object({
  addresses: orEmpty(z.array(addressWire), []),
  hwaddr: z.string().default(''),
  type: z.string().default(''),
  counters: z.object({bytes_received: z.number().default(0), bytes_sent: z.number().default(0)}).nullish(),
})

export const instanceStateWire = z.object({
  status: z.string(),
  status_code: z.int(),
  pid: z.int().default(0),
  processes: z.int().default(0),
  started_at: z.string().optional(),
  cpu: z.object({usage: z.number().default(0)}).nullish(),
  memory: z.object({usage: z.number().default(0), total: z.number().default(0)}).nullish(),
  disk: orEmpty(z.record(z.string(), z.object({usage: z.number().default(0), total: z.number().default(0)})), {}),
  network: orEmpty(z.record(z.string(), networkStateWire), {}),
})

export const snapshotWire = z.object({
  name: z.string(),
  created_at: z.string(),
  expires_at: z.string().optional(),
  stateful: z.boolean().default(false),
  size: z.number().default(-1),
})
export type WireSnapshot = z.output<typeof snapshotWire>

/** `GET /instances?recursion=2`, and `/instances/NAME?recursion=1`, which have state and snapshots; else they are absent. */
export const instanceWire = z.object({
  name: z.string(),
  type: z.enum(['container', 'virtual-machine']),
  status: z.string(),
  status_code: z.int(),
  location: z.string().default('none'),
  project: z.string().default('default'),
  architecture: z.string().default(''),
  description: z.string().default(''),
  ephemeral: z.boolean().default(false),
  stateful: z.boolean().default(false),
  profiles: orEmpty(z.array(z.string()), []),
  config: orEmpty(textMap, {}),
  devices: orEmpty(deviceMap, {}),
  expanded_config: orEmpty(textMap, {}),
  expanded_devices: orEmpty(deviceMap, {}),
  created_at: z.string().optional(),
  last_used_at: z.string().optional(),
  state: instanceStateWire.nullish(),
  snapshots: z.array(snapshotWire).nullish(),
})
export type WireInstance = z.output<typeof instanceWire>

export const profileWire = z.object({
  name: z.string(),
  description: z.string().default(''),
  config: orEmpty(textMap, {}),
  devices: orEmpty(deviceMap, {}),
  used_by: orEmpty(z.array(z.string()), []),
})
export type WireProfile = z.output<typeof profileWire>

export const networkWire = z.object({
  name: z.string(),
  description: z.string().default(''),
  type: z.string(),
  managed: z.boolean(),
  status: z.string().default(''),
  config: orEmpty(textMap, {}),
  used_by: orEmpty(z.array(z.string()), []),
})
export type WireNetwork = z.output<typeof networkWire>

export const imageWire = z.object({
  fingerprint: z.string(),
  type: z.enum(['container', 'virtual-machine']),
  architecture: z.string().default(''),
  size: z.number().default(0),
  public: z.boolean().default(false),
  cached: z.boolean().default(false),
  properties: orEmpty(textMap, {}),
  aliases: orEmpty(z.array(z.object({name: z.string(), description: z.string().default('')})), []),
})
export type WireImage = z.output<typeof imageWire>
