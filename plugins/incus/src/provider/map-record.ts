import {createHash} from 'node:crypto'
import type {InstanceSpec} from '@omni-cli/sdk'
import * as z from 'zod/mini'

/** Holds what Incus has no key for: how the spec was written. It is read back only as far as the machine still fits it. */
export const RECORD_KEY = 'user.omni.spec'

const networkRecord = z.object({
  type: z.enum(['bridge', 'host', 'none']),
  name: z.optional(z.string()),
  ipv4: z.string(),
  mac: z.optional(z.string()),
  bridged: z.optional(z.boolean()),
})

const recordSchema = z.object({
  /** Tells the machine of one `create` from that of another one. */
  id: z.string(),
  image: z.string(),
  /** Fields of the spec that were written. */
  fields: z.array(z.string()),
  /** Keys and devices that come from `config` and `devices`. */
  config: z._default(z.array(z.string()), []),
  devices: z._default(z.array(z.string()), []),
  network: z.optional(networkRecord),
  /** A `cloud_init` that was a map, and the hash of the text made of it. */
  cloud_init: z.optional(z.object({hash: z.string(), value: z.record(z.string(), z.unknown())})),
  location: z.optional(z.string()),
})

export type SpecRecord = z.output<typeof recordSchema>

/** Fields of a spec that an instance tells. */
export const READABLE = [
  'type',
  'image',
  'cpus',
  'memory',
  'disk',
  'metadata',
  'network',
  'ports',
  'mounts',
  'cloud_init',
  'profiles',
  'config',
  'devices',
  'location',
  'autostart',
  'protect',
] as const

export interface RecordInput {
  readonly id: string
  /** The text of `cloud_init`. */
  readonly userData: string | undefined
}

/** What is remembered of a spec. */
export function recordOf(spec: InstanceSpec, {id, userData}: RecordInput): SpecRecord {
  const {cloud_init: cloudInit} = spec
  const isMap = typeof cloudInit === 'object' && userData !== undefined
  return {
    id,
    image: spec.image,
    fields: READABLE.filter((field) => spec[field] !== undefined),
    config: Object.keys(spec.config ?? {}),
    devices: Object.keys(spec.devices ?? {}),
    network: spec.network,
    ...(isMap ? {cloud_init: {hash: hashOf(userData), value: cloudInit}} : {}),
    location: spec.location,
  }
}

/** Undefined when there is none, or none of ours. */
export function readRecord(config: Readonly<Record<string, string>>): SpecRecord | undefined {
  const text = config[RECORD_KEY]
  if (text === undefined) return undefined
  try {
    return recordSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

/** The user data in the form it was written: a map when one was, and nobody has changed the text since. */
export function cloudInitOf(text: string | undefined, record: SpecRecord | undefined): InstanceSpec['cloud_init'] {
  const written = record?.cloud_init
  return text !== undefined && written !== undefined && written.hash === hashOf(text) ? written.value : text
}

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16)
