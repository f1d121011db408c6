import {isIPv4, isIPv6} from 'node:net'
import {z} from 'zod'
import {durationMs, labelMap, port, resourceName, type SpecProblem, size, textMap} from './fields.ts'

/** How a machine is reached. A provider refuses what it cannot honour; nothing is dropped. */
const instanceNetwork = z.strictObject({
  type: z.enum(['bridge', 'host', 'none']).default('bridge').describe('how it is connected'),
  name: z.string().min(1).max(63).optional().describe('network to join; default: the one of the provider'),
  ipv4: z
    .string()
    .refine((value) => value === 'auto' || isIPv4(value), 'is no IPv4 address; write 10.20.0.5, or auto')
    .default('auto')
    .describe('"auto" or a fixed address'),
  mac: z
    .string()
    .regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i, 'is no hardware address; write 00:16:3e:12:34:56')
    .toLowerCase()
    .optional()
    .describe('hardware address; default: chosen once and kept'),
  bridged: z.boolean().optional().describe('join the network of the host itself'),
})

/** A port of the host that leads to a port of the machine. */
const portForward = z.strictObject({
  listen: port.describe('port of the host'),
  target: port.describe('port of the machine'),
  protocol: z.enum(['tcp', 'udp']).default('tcp'),
  host_ip: z.string().default('127.0.0.1').describe('address of the host; 0.0.0.0 for everybody'),
})

/** A folder of the host inside the machine. */
const mountSpec = z.strictObject({
  source: z.string().min(1).describe('absolute folder of the host'),
  target: z.string().startsWith('/').describe('absolute path inside'),
  readonly: z.boolean().default(false),
})

/** When a machine counts as ready. Always: it runs, and programs can be run inside. */
const waitSpec = z.strictObject({
  timeout: durationMs
    .default(300_000)
    .describe('seconds, or a duration such as 5m; for all of it together. Default 5m'),
  address: z.boolean().optional().describe('it has an address; default: unless it has no network'),
  cloud_init: z.boolean().optional().describe('cloud-init is done without an error; default: when it has user data'),
  ready: z.boolean().optional().describe('the machine itself has said that it is ready'),
  tcp: z
    .union([port, z.array(port)])
    .optional()
    .describe('these ports of it accept connections'),
  http: z.string().optional().describe('this answers with 200–399: :8080/health'),
  exec: z
    .union([z.string().min(1), z.array(z.string()).min(1)])
    .optional()
    .describe('ends with 0 inside: a line for sh, or the words of a program'),
})

/** A machine in a plan; keys are those of a YAZ plan, and more. Sizes are normalised to bytes. */
export const instanceSpec = z.strictObject({
  name: resourceName.describe('name of the machine; in a map, its key'),
  image: z.string().min(1).default('ubuntu:22.04').describe('image or alias, e.g. ubuntu:22.04'),
  type: z.enum(['container', 'vm']).default('container').describe('system container or virtual machine'),
  cpus: z.int().min(1).max(1024).optional().describe('number of processors'),
  memory: size
    .optional()
    .describe('a size: 512MiB, 1.5GiB; K, M, G and KB, MB, GB are powers of 1000; a number is bytes'),
  disk: size.optional().describe('a size such as 10GiB; default: the one of the provider'),
  metadata: labelMap.optional().describe('labels kept with the instance'),
  tags: z.array(resourceName).optional().describe('labels with the value true'),
  count: z.int().min(1).max(500).optional().describe(`makes NAME-1 … NAME-n; \${index} is the number of each`),
  network: instanceNetwork.optional().describe('how it is reached'),
  ports: z.array(portForward).optional().describe('ports of the host that lead to it'),
  mounts: z.array(mountSpec).optional().describe('folders of the host inside'),
  cloud_init: z
    .union([z.string(), z.record(z.string(), z.unknown())])
    .optional()
    .describe('user data for the first boot: the text of a cloud-config, or a map'),
  cloud_init_file: z.string().min(1).optional().describe('file with the user data, relative to the plan'),
  profiles: z.array(z.string()).optional().describe('names of profiles, later ones win'),
  config: textMap.optional().describe("settings under the provider's own names, e.g. limits.processes"),
  devices: z.record(z.string(), textMap).optional().describe("devices under the provider's own names"),
  location: z.string().min(1).optional().describe('member of a cluster, or @group'),
  autostart: z.boolean().optional().describe('started together with its host'),
  protect: z.boolean().optional().describe('refuses to be removed until this is off'),
  wait: waitSpec.optional().describe('when it counts as ready'),
  failover: z
    .enum(['never', 'recreate'])
    .optional()
    .describe('recreate: it holds no data and may be made anew by another provider; default never'),
  depends_on: z.array(resourceName).optional().describe('what must be ready before'),
})

export type InstanceSpec = z.output<typeof instanceSpec>
export type InstanceInput = z.input<typeof instanceSpec>
export type WaitSpec = z.output<typeof waitSpec>

/** A named set of settings that instances can use. */
export const profileSpec = z.strictObject({
  name: resourceName.describe('name of the profile; in a map, its key'),
  description: z.string().optional().describe('for people'),
  config: textMap.optional().describe("settings under the driver's own names, e.g. limits.cpu"),
  devices: z.record(z.string(), textMap).optional().describe('devices by name'),
  metadata: labelMap.optional().describe('labels kept with the profile'),
})

export type ProfileSpec = z.output<typeof profileSpec>

/** A network that instances can join. */
export const networkSpec = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z]([a-z0-9-]{0,13}[a-z0-9])?$/, 'has at most 15 lower-case letters, digits and "-"')
    .describe('name of the network; in a map, its key'),
  description: z.string().optional().describe('for people'),
  ipv4: z
    .string()
    .refine(isRange(isIPv4, 32), 'is no address with a prefix; write 10.20.0.1/24, auto or none')
    .default('auto')
    .describe('"auto", "none" or the address of the host in it: 10.20.0.1/24'),
  ipv6: z
    .string()
    .refine(isRange(isIPv6, 128), 'is no address with a prefix; write fd42::1/64, auto or none')
    .default('none')
    .describe('"auto", "none" or an address with its prefix'),
  nat: z.boolean().default(true).describe('its machines reach the outside by the address of the host'),
  dhcp: z.boolean().default(true).describe('addresses are given out'),
  config: textMap.optional().describe("settings under the provider's own names, e.g. ipv4.dhcp.ranges"),
  metadata: labelMap.optional().describe('labels kept with the network'),
})

export type NetworkSpec = z.output<typeof networkSpec>

function isRange(isAddress: (text: string) => boolean, bits: number): (value: string) => boolean {
  return (value) => {
    const [address = '', prefix = '', ...rest] = value.split('/')
    if (value === 'auto' || value === 'none') return true
    return rest.length === 0 && isAddress(address) && /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits
  }
}

/** What the schema cannot say of a machine. */
export function instanceProblems({tags = [], metadata = {}}: InstanceSpec): SpecProblem[] {
  const own = Object.keys(metadata).filter((key) => key.startsWith('omni.'))
  const doubled = tags.flatMap((tag, index) =>
    Object.hasOwn(metadata, tag) && metadata[tag] !== 'true' ? [{tag, index}] : [],
  )
  return [
    ...own.map((key) => ({
      path: ['metadata', key],
      message: "labels that begin with 'omni.' are kept for omni itself",
    })),
    ...doubled.map(({tag, index}) => ({path: ['tags', index], message: `'${tag}' is a key of 'metadata', too`})),
  ]
}
