import {z} from 'zod'
import {bytes, hostName, labelMap, port, resourceName, type SpecProblem} from './fields.ts'

/**
 * A service: keys are those of Orca's `service.toml` (snake_case), plus what Orca lacks. The same shape is written in
 * TOML and YAML, sent over HTTP and stored. The descriptions are what `omni explain` shows.
 */

const seconds = z.number().min(0).max(86_400)
const words = z.union([z.string().min(1), z.array(z.string()).min(1)])

/** Kinds of probe: `path` = HTTP GET answering 2xx or 3xx, `tcp: true` = the port accepts, `exec` = exit 0. */
export const probeSpec = z.strictObject({
  path: z.string().startsWith('/').optional().describe('HTTP GET on this path answers 2xx or 3xx'),
  tcp: z.boolean().optional().describe('the port accepts a connection'),
  exec: z.array(z.string()).min(1).optional().describe('this program exits with 0'),
  port: port.optional().describe("another port than the service's own"),
  interval_secs: seconds.default(10).describe('seconds between two probes'),
  timeout_secs: seconds.default(3).describe('seconds until a probe counts as failed'),
  failure_threshold: z.int().min(1).default(3).describe('failures in a row until it counts'),
  initial_delay_secs: seconds.default(0).describe('seconds before the first probe'),
})

export const resourcesSpec = z.strictObject({
  memory: bytes.optional().describe('limit: bytes, or a size such as 512Mi or 1GiB'),
  cpu: z.number().positive().optional().describe('limit in cores; 0.5 is half of one'),
  gpu: z
    .strictObject({
      count: z.int().min(0).describe('number of devices'),
      vendor: z.string().optional().describe('e.g. nvidia'),
      vram_min: z.int().min(0).optional().describe('least memory of a device, in MiB'),
      model: z.string().optional().describe('name of the device'),
    })
    .optional()
    .describe('accelerators'),
})

export const buildSpec = z.strictObject({
  commands: z.array(words).optional().describe('for a folder: commands run in a clean copy of it, in order'),
  repo: z.string().optional().describe('git repository to clone'),
  branch: z.string().optional().describe('branch of the repository'),
  dockerfile: z.string().optional().describe('path of the Dockerfile in the sources'),
  context: z.string().optional().describe('folder given to the image build'),
})

const token = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/, 'a token as HTTP has it: no spaces, no separators')

export const canarySpec = z.strictObject({
  header: token
    .optional()
    .describe("requests with this header go where its value says: 'canary' or 'stable', whatever the weight"),
  cookie: token.optional().describe('the same, by a cookie of this name'),
  sticky: z
    .boolean()
    .default(false)
    .describe('answers set the cookie, so that a visitor stays on the version of the first request'),
  auto: z.boolean().default(false).describe('promoted or aborted by what the proxy measures'),
  after_secs: seconds.default(60).describe('with auto: how long it is measured before it is promoted'),
  min_requests: z.int().min(1).default(50).describe('with auto: requests of the canary that are needed for a verdict'),
  max_error_rate: z
    .number()
    .min(0)
    .max(1)
    .default(0.01)
    .describe('with auto: share of failed requests above that of the stable version that aborts it'),
  max_latency_ratio: z
    .number()
    .min(1)
    .default(1.5)
    .describe("with auto: the canary's 95th percentile in relation to the stable one that aborts it"),
})

export const deploySpec = z.strictObject({
  strategy: z
    .enum(['rolling', 'blue-green', 'canary', 'recreate'])
    .optional()
    .describe('how versions change; default: rolling; recreate with a volume or extra_ports'),
  max_unavailable: z.int().min(0).optional().describe('replicas that may be missing during a deploy'),
  canary_weight: z.int().min(0).max(100).default(20).describe('percent of the requests for a canary'),
  canary: canarySpec.optional().describe('who sees a canary, and who decides about it'),
  ready_timeout_secs: seconds.default(60).describe('how long a new replica may take to become ready'),
  drain_secs: seconds.default(5).describe('how long requests in flight may take before an old replica is stopped'),
})

export const autoscaleSpec = z
  .strictObject({
    min: z.int().min(1).max(1000).default(1).describe('fewest replicas'),
    max: z.int().min(1).max(1000).default(10).describe('most replicas'),
    cpu_percent: z
      .number()
      .min(1)
      .max(10_000)
      .default(70)
      .describe('CPU of one replica that is aimed at, in percent of one core'),
  })
  .refine(({min, max}) => min <= max, {path: ['max'], message: "'max' is less than 'min'"})

const placementSpec = z.strictObject({
  labels: labelMap.optional().describe('labels a node must have'),
  node: z.string().optional().describe('address, id or host name of one node'),
  requires_gpu: z.boolean().optional().describe('only nodes with an accelerator'),
})

const volumeSpec = z.strictObject({
  path: z.string().min(1).describe('where it is seen inside'),
  size: bytes.optional().describe('bytes, or a size such as 10Gi'),
})

export const serviceSpec = z.strictObject({
  name: resourceName.describe('name of the service; in a map, its key'),
  project: resourceName.optional().describe('group it belongs to; in the folder form, the name of its folder'),
  runtime: z
    .enum(['container', 'wasm', 'process'])
    .optional()
    .describe('default: process when there is a command, else container'),
  image: z.string().min(1).optional().describe('container image'),
  module: z.string().min(1).optional().describe('WebAssembly component'),
  command: words
    .optional()
    .describe(
      'program and arguments; a text is split into words, never given to a shell; $PORT and other variables are filled in',
    ),
  artifact: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/)
    .optional()
    .describe('digest of the source archive the command runs in; written by omni when it packs `source`'),
  source: z.string().min(1).optional().describe('folder of the sources, relative to the file; omni packs it'),
  entrypoint: words.optional().describe('program of an image, instead of its own; its arguments are the command'),
  working_dir: z.string().optional().describe('folder inside the sources, or the image, where the command runs'),
  user: z.string().optional().describe('system user that runs it'),
  replicas: z
    .union([z.int().min(0).max(1000), z.literal('auto')])
    .default(1)
    .describe("how many run at once; auto = as many as the load needs, see 'autoscale'"),
  autoscale: autoscaleSpec.optional().describe('limits of replicas = "auto"'),
  port: port.optional().describe('port the program listens on; given to it as PORT'),
  protocol: z.enum(['http', 'tcp']).default('http').describe('what is spoken on the port'),
  host_port: port.optional().describe('fixed port on this machine; default: a free one, kept over releases'),
  host_ip: z
    .union([z.ipv4(), z.ipv6()])
    .optional()
    .describe('address that host_port is opened on; default: 0.0.0.0 for containers, 127.0.0.1 for processes'),
  domain: hostName.optional().describe('host name it answers for'),
  domains: z.array(hostName).optional().describe('several host names'),
  routes: z.array(z.string()).default([]).describe('paths of the domain it serves, e.g. /api/*; none = all'),
  strip_prefix: z.string().optional().describe('path prefix taken off before the request is passed on'),
  health: z.string().startsWith('/').optional().describe('HTTP path: liveness and start-up'),
  readiness: probeSpec.optional().describe('whether a replica gets requests'),
  liveness: probeSpec.optional().describe('whether a replica is restarted'),
  startup: probeSpec.optional().describe('whether a new replica has started'),
  env: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string())
    .default({})
    .describe('environment of the program; references to secrets are filled in by the server'),
  labels: labelMap.default({}).describe('for selection with -l'),
  resources: resourcesSpec.optional().describe('limits of each replica'),
  volume: volumeSpec.optional().describe('data that is kept over releases'),
  deploy: deploySpec.optional().describe('how a new version replaces the old one'),
  placement: placementSpec.optional().describe('where it may run'),
  network: z.string().optional().describe('network shared with other services; in the folder form, the folder'),
  aliases: z.array(z.string()).default([]).describe('further names on the network'),
  mounts: z.array(z.string()).default([]).describe('folders of the host: /host/path:/inside[:ro]'),
  triggers: z
    .array(z.string())
    .default([])
    .describe('what starts it: "cron: 0 0 2 * * *" runs it to its end at these times (seconds first, UTC)'),
  assets: z.string().optional().describe('folder of static files'),
  build: buildSpec.optional().describe('how the sources become something that runs'),
  tls_cert: z.string().optional().describe('PEM file of the certificate, on the server'),
  tls_key: z.string().optional().describe('PEM file of the key, on the server'),
  keep_network: z
    .boolean()
    .optional()
    .describe('containers: their network outlives a crash; takes a small container beside each'),
  internal: z.boolean().default(false).describe('also join the internal network'),
  depends_on: z.array(resourceName).default([]).describe('services that are deployed before'),
  stop_grace_secs: seconds.default(10).describe('how long SIGTERM may take before SIGKILL of the process group'),
  extra_ports: z.array(z.string()).optional().describe('further published ports, e.g. "2222:22"'),
  pull_policy: z.enum(['auto', 'always', 'never', 'if-not-present']).optional().describe('when an image is pulled'),
  restart_policy: z.string().optional().describe('no, always, unless-stopped or on-failure[:N]'),
})

export type ServiceSpec = z.output<typeof serviceSpec>
/** What a person writes: defaults may be left out, sizes may be texts. */
export type ServiceInput = z.input<typeof serviceSpec>
export type ProbeSpec = z.output<typeof probeSpec>
export type BuildSpec = z.output<typeof buildSpec>

/** What runs it: as the spec says, else what it is given as code. */
export function runtimeOf(spec: Pick<ServiceSpec, 'runtime' | 'image' | 'module' | 'build' | 'command'>) {
  if (spec.runtime !== undefined) return spec.runtime
  if (spec.module !== undefined) return 'wasm'
  const isImage = spec.image !== undefined || spec.build?.dockerfile !== undefined || spec.command === undefined
  return isImage ? 'container' : 'process'
}

/**
 * How versions change. Two versions at once would write to the same volume, or want the same port of the machine, so such
 * a service stops before its successor starts, unless it says otherwise.
 */
export const strategyOf = (spec: Pick<ServiceSpec, 'deploy' | 'volume' | 'extra_ports'>) =>
  spec.deploy?.strategy ?? (spec.volume === undefined && (spec.extra_ports ?? []).length === 0 ? 'rolling' : 'recreate')

/** What is wrong with a spec that the schema accepts: fields that exclude or need each other. */
export function serviceProblems(spec: ServiceSpec): SpecProblem[] {
  const problems: SpecProblem[] = []
  const wrong = (message: string, ...path: (string | number)[]) => problems.push({path, message})
  if (![spec.image, spec.module, spec.command, spec.build, spec.source, spec.artifact].some((given) => given)) {
    wrong(`service '${spec.name}' has nothing to run: it needs a command, an image, a module, a build or a source`)
  }
  if (spec.runtime === 'process' && spec.command === undefined)
    wrong("the runtime 'process' needs a command", 'runtime')
  if (spec.runtime === 'wasm' && spec.module === undefined) wrong("the runtime 'wasm' needs a module", 'runtime')
  problems.push(...companionProblems(spec))
  if (spec.depends_on.includes(spec.name)) {
    wrong(`service '${spec.name}' depends on itself`, 'depends_on', spec.depends_on.indexOf(spec.name))
  }
  if (spec.port === undefined && spec.module === undefined) {
    for (const field of ['health', 'host_port', 'domain', 'domains'] as const) {
      if (spec[field] !== undefined) wrong(`'${field}' needs a 'port'`, field)
    }
  }
  for (const name of ['readiness', 'liveness', 'startup'] as const) {
    for (const message of probeProblems(spec[name], spec.port)) wrong(message, name)
  }
  const policy = spec.restart_policy
  if (policy !== undefined && !/^(no|always|unless-stopped|on-failure(:\d+)?)$/.test(policy)) {
    wrong(`'${policy}' is no restart policy; write no, always, unless-stopped or on-failure[:N]`, 'restart_policy')
  }
  return problems
}

/** Fields that exclude or need one another. */
function companionProblems(spec: ServiceSpec): SpecProblem[] {
  const rules: readonly [isWrong: boolean, message: string, field: string][] = [
    [spec.host_ip !== undefined && spec.host_port === undefined, "'host_ip' needs a 'host_port'", 'host_ip'],
    [spec.autoscale !== undefined && spec.replicas !== 'auto', '\'autoscale\' needs replicas = "auto"', 'autoscale'],
    [spec.domain !== undefined && spec.domains !== undefined, "give either 'domain' or 'domains'", 'domains'],
  ]
  return rules.filter(([isWrong]) => isWrong).map(([, message, field]) => ({path: [field], message}))
}

function probeProblems(probe: ProbeSpec | undefined, servicePort: number | undefined): string[] {
  if (probe === undefined) return []
  const kinds = [probe.path !== undefined, probe.tcp === true, probe.exec !== undefined].filter(Boolean).length
  if (kinds !== 1) return ["a probe has exactly one of 'path', 'tcp: true' and 'exec'"]
  const needsPort = probe.exec === undefined && probe.port === undefined && servicePort === undefined
  return needsPort ? ["the probe needs a 'port': its own, or that of the service"] : []
}
