import {z} from 'zod'
import {bytes, labelMap, port, resourceName} from './fields.ts'

/**
 * A service: keys are those of Orca's `service.toml` (snake_case), plus what Orca lacks. The same shape is written in
 * TOML and YAML, sent over HTTP and stored. Source of the Orca part: its published service reference.
 */

const seconds = z.number().min(0).max(86_400)

/** Kinds of probe: `path` = HTTP GET answering 2xx or 3xx, `tcp: true` = the port accepts, `exec` = exit 0. */
export const probeSpec = z.strictObject({
  path: z.string().startsWith('/').optional(),
  tcp: z.boolean().optional(),
  exec: z.array(z.string()).min(1).optional(),
  port: port.optional().describe("another port than the service's own"),
  interval_secs: seconds.default(10),
  timeout_secs: seconds.default(3),
  failure_threshold: z.int().min(1).default(3),
  initial_delay_secs: seconds.default(0),
})

export const resourcesSpec = z.strictObject({
  memory: bytes.optional(),
  cpu: z.number().positive().optional().describe('cores'),
  gpu: z
    .strictObject({
      count: z.int().min(0),
      vendor: z.string().optional(),
      vram_min: z.int().min(0).optional().describe('MiB'),
      model: z.string().optional(),
    })
    .optional(),
})

export const buildSpec = z.strictObject({
  /** For a folder: commands run in a clean copy of it, in order. */
  commands: z.array(z.union([z.string().min(1), z.array(z.string()).min(1)])).optional(),
  repo: z.string().optional(),
  branch: z.string().optional(),
  dockerfile: z.string().optional(),
  context: z.string().optional(),
})

export const deploySpec = z.strictObject({
  strategy: z.enum(['rolling', 'blue-green', 'canary', 'recreate']).default('rolling'),
  max_unavailable: z.int().min(0).optional(),
  canary_weight: z.int().min(0).max(100).default(20),
  /** How long a new replica may take to become ready. */
  ready_timeout_secs: seconds.default(60),
  /** How long requests in flight may take before an old replica is stopped. */
  drain_secs: seconds.default(5),
})

export const serviceSpec = z.strictObject({
  name: resourceName,
  project: resourceName.optional(),
  runtime: z
    .enum(['container', 'wasm', 'process'])
    .optional()
    .describe('default: process when there is a command, else container'),
  image: z.string().min(1).optional(),
  module: z.string().min(1).optional(),
  /** A text is split into words with quotes honoured, never given to a shell; `$PORT` and `${NAME}` are replaced from the environment. */
  command: z.union([z.string().min(1), z.array(z.string()).min(1)]).optional(),
  /** `sha256:<hex>` of the source archive that the command runs in; written by `omni up` and `omni deploy`. */
  artifact: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/)
    .optional(),
  /** Folder of the sources, relative to the file; `omni` packs it and replaces it by `artifact`. */
  source: z.string().min(1).optional(),
  working_dir: z.string().optional().describe('inside the sources'),
  user: z.string().optional(),
  replicas: z.union([z.int().min(0).max(1000), z.literal('auto')]).default(1),
  port: port.optional(),
  protocol: z.enum(['http', 'tcp']).default('http'),
  host_port: port.optional().describe('fixed port on this machine; default: a free one, kept over releases'),
  domain: z.string().min(1).max(253).optional(),
  domains: z.array(z.string().min(1).max(253)).optional(),
  routes: z.array(z.string()).default([]),
  strip_prefix: z.string().optional(),
  health: z.string().startsWith('/').optional().describe('HTTP path: liveness and start-up'),
  readiness: probeSpec.optional(),
  liveness: probeSpec.optional(),
  startup: probeSpec.optional(),
  env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string()).default({}),
  labels: labelMap.default({}),
  resources: resourcesSpec.optional(),
  volume: z.strictObject({path: z.string().min(1), size: bytes.optional()}).optional(),
  deploy: deploySpec.optional(),
  placement: z
    .strictObject({labels: labelMap.optional(), node: z.string().optional(), requires_gpu: z.boolean().optional()})
    .optional(),
  network: z.string().optional(),
  aliases: z.array(z.string()).default([]),
  mounts: z.array(z.string()).default([]),
  triggers: z.array(z.string()).default([]),
  assets: z.string().optional(),
  build: buildSpec.optional(),
  tls_cert: z.string().optional(),
  tls_key: z.string().optional(),
  internal: z.boolean().default(false),
  depends_on: z.array(resourceName).default([]),
  /** How long SIGTERM may take before SIGKILL of the whole process group. */
  stop_grace_secs: seconds.default(10),
  extra_ports: z.array(z.string()).optional(),
  pull_policy: z.enum(['auto', 'always', 'never', 'if-not-present']).optional(),
  restart_policy: z.string().optional(),
})

export type ServiceSpec = z.output<typeof serviceSpec>
/** What a person writes: defaults may be left out, sizes may be texts. */
export type ServiceInput = z.input<typeof serviceSpec>
export type ProbeSpec = z.output<typeof probeSpec>
export type BuildSpec = z.output<typeof buildSpec>
