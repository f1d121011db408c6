import {z} from 'zod'
import {bytes, labelMap, resourceName} from './fields.ts'

/** A machine in a plan; keys are those of a YAZ plan. Sizes are normalised to bytes. */
export const instanceSpec = z.strictObject({
  name: resourceName,
  image: z.string().min(1).describe('image or alias, e.g. ubuntu:22.04'),
  type: z.enum(['container', 'vm']).default('container'),
  cpus: z.int().min(1).max(1024).optional(),
  memory: bytes.optional().describe('bytes, or a size such as 1GB or 512MiB'),
  disk: bytes.optional().describe('bytes, or a size such as 10GB'),
  metadata: labelMap.optional().describe('labels kept with the instance'),
  network: z
    .strictObject({
      type: z.enum(['bridge', 'host', 'none']).default('bridge'),
      ipv4: z.string().default('auto'),
      bridged: z.boolean().optional(),
    })
    .optional(),
  cloud_init: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
  profiles: z.array(z.string()).optional(),
  depends_on: z.array(resourceName).optional(),
})

export type InstanceSpec = z.output<typeof instanceSpec>
export type InstanceInput = z.input<typeof instanceSpec>

/** A named set of settings that instances can use. */
export const profileSpec = z.strictObject({
  name: resourceName,
  description: z.string().optional(),
  config: z.record(z.string(), z.string()).optional(),
  devices: z.record(z.string(), z.record(z.string(), z.string())).optional(),
})

export type ProfileSpec = z.output<typeof profileSpec>
