import {z} from 'zod'

/** States that Multipass knows, and those that it may learn. */
const state = z.string()

export const instanceWire = z.object({
  state,
  image_hash: z.string().default(''),
  image_release: z.string().default(''),
  ipv4: z.array(z.string()).default([]),
  cpu_count: z.string().optional(),
  snapshot_count: z.string().optional(),
  disks: z.record(z.string(), z.object({used: z.string().optional(), total: z.string().optional()})).default({}),
  memory: z.object({used: z.number().optional(), total: z.number().optional()}).default({}),
  mounts: z.record(z.string(), z.object({source_path: z.string()})).default({}),
})

export type InstanceWire = z.output<typeof instanceWire>

export const infoWire = z.object({info: z.record(z.string(), instanceWire).default({})})

export const snapshotsWire = z.object({
  info: z
    .record(
      z.string(),
      z.object({
        snapshots: z
          .record(z.string(), z.object({created: z.string().default(''), size: z.string().optional()}))
          .default({}),
      }),
    )
    .default({}),
})

export const versionWire = z.object({multipass: z.string(), multipassd: z.string().optional()})

export type VersionWire = z.output<typeof versionWire>

export const findWire = z.object({
  images: z
    .record(
      z.string(),
      z.object({
        os: z.string().default(''),
        release: z.string().default(''),
        version: z.string().default(''),
        aliases: z.array(z.string()).default([]),
        remote: z.string().default(''),
      }),
    )
    .default({}),
})

export const networksWire = z.object({list: z.array(z.object({name: z.string()})).default([])})
