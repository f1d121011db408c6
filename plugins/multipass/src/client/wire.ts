import * as z from 'zod/mini'

/** States that Multipass knows, and those that it may learn. */
const state = z.string()

export const instanceWire = z.object({
  state,
  image_hash: z._default(z.string(), ''),
  image_release: z._default(z.string(), ''),
  ipv4: z._default(z.array(z.string()), []),
  cpu_count: z.optional(z.string()),
  snapshot_count: z.optional(z.string()),
  disks: z._default(z.record(z.string(), z.object({used: z.optional(z.string()), total: z.optional(z.string())})), {}),
  memory: z._default(z.object({used: z.optional(z.number()), total: z.optional(z.number())}), {}),
  mounts: z._default(z.record(z.string(), z.object({source_path: z.string()})), {}),
})

export type InstanceWire = z.output<typeof instanceWire>

export const infoWire = z.object({info: z._default(z.record(z.string(), instanceWire), {})})

export const snapshotsWire = z.object({
  info: z._default(
    z.record(
      z.string(),
      z.object({
        snapshots: z._default(
          z.record(z.string(), z.object({created: z._default(z.string(), ''), size: z.optional(z.string())})),
          {},
        ),
      }),
    ),
    {},
  ),
})

export const versionWire = z.object({multipass: z.string(), multipassd: z.optional(z.string())})

export type VersionWire = z.output<typeof versionWire>

export const findWire = z.object({
  images: z._default(
    z.record(
      z.string(),
      z.object({
        os: z._default(z.string(), ''),
        release: z._default(z.string(), ''),
        version: z._default(z.string(), ''),
        aliases: z._default(z.array(z.string()), []),
        remote: z._default(z.string(), ''),
      }),
    ),
    {},
  ),
})

export const networksWire = z.object({list: z._default(z.array(z.object({name: z.string()})), [])})
