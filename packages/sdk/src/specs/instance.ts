import {z} from 'zod'
import {bytes, labelMap, resourceName, textMap} from './fields.ts'

const networkSpec = z.strictObject({
  type: z.enum(['bridge', 'host', 'none']).default('bridge'),
  ipv4: z.string().default('auto').describe('"auto" or a fixed address'),
  bridged: z.boolean().optional().describe('join the network of the host itself'),
})

/** A machine in a plan; keys are those of a YAZ plan. Sizes are normalised to bytes. */
export const instanceSpec = z.strictObject({
  name: resourceName.describe('name of the machine; in a map, its key'),
  image: z.string().min(1).default('ubuntu:22.04').describe('image or alias, e.g. ubuntu:22.04'),
  type: z.enum(['container', 'vm']).default('container').describe('system container or virtual machine'),
  cpus: z.int().min(1).max(1024).optional().describe('number of processors'),
  memory: bytes.optional().describe('bytes, or a size such as 1GB or 512MiB'),
  disk: bytes.optional().describe('bytes, or a size such as 10GB'),
  metadata: labelMap.optional().describe('labels kept with the instance'),
  network: networkSpec.optional().describe('how it is reached'),
  cloud_init: z
    .union([z.string(), z.record(z.string(), z.unknown())])
    .optional()
    .describe('user data for the first boot: the text of a cloud-config, or a map'),
  profiles: z.array(z.string()).optional().describe('names of profiles, later ones win'),
  depends_on: z.array(resourceName).optional().describe('what must be ready before'),
})

export type InstanceSpec = z.output<typeof instanceSpec>
export type InstanceInput = z.input<typeof instanceSpec>

/** A named set of settings that instances can use. */
export const profileSpec = z.strictObject({
  name: resourceName.describe('name of the profile; in a map, its key'),
  description: z.string().optional().describe('for people'),
  config: textMap.optional().describe("settings under the driver's own names, e.g. limits.cpu"),
  devices: z.record(z.string(), textMap).optional().describe('devices by name'),
})

export type ProfileSpec = z.output<typeof profileSpec>
