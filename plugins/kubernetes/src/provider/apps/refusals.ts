import {isAbsolute} from 'node:path/posix'
import {nameProblem, OmniError, type ServiceSpec, strategyOf} from '@omni-cli/sdk'
import {isLabel} from './deployment.ts'
import {secretKeysOf} from './environment.ts'
import type {AppFacts} from './facts.ts'
import {hostsOf, secretsName} from './names.ts'
import {isNodePort, NGINX, NODE_PORTS, parseExtraPort} from './network.ts'
import {gpuResource} from './placement.ts'
import {isNumericUser} from './pod.ts'
import {isScheduled, triggerProblems} from './schedules.ts'
import {parseMount} from './volumes.ts'
import {wordsProblem} from './words.ts'

type Found = (string | false | undefined)[]

/** Why a cluster cannot run the spec as it is written: every field, one text each. Nothing is left out in silence. */
export function refusals(spec: ServiceSpec, facts: AppFacts): string[] {
  const found: Found = [
    ...codeProblems(spec),
    ...programProblems(spec),
    ...replicaProblems(spec, facts),
    ...portProblems(spec),
    ...entranceProblems(spec, facts),
    ...placementProblems(spec, facts),
    ...dataProblems(spec, facts),
  ]
  return found.filter((problem) => typeof problem === 'string')
}

/** UNSUPPORTED with all of them. */
export function refuse(spec: ServiceSpec, facts: AppFacts): void {
  const problems = refusals(spec, facts)
  if (problems.length > 0) throw refusal([{spec, facts, problems}])
}

export interface Refused {
  readonly spec: ServiceSpec
  readonly facts: AppFacts
  readonly problems: readonly string[]
}

/** One error for what is wrong with several services. */
export function refusal(refused: readonly [Refused, ...Refused[]]): OmniError {
  const texts = refused.map(({spec, problems}) => {
    const lines = problems.map((problem) => `\n  ${problem}`).join('')
    return `service '${spec.name}' cannot run in a cluster as it is written:${lines}`
  })
  const [{spec, facts}] = refused
  return new OmniError('UNSUPPORTED', texts.join('\n'), {
    hint: hintFor(spec, facts),
    details: {services: refused.map(({spec: {name}, problems}) => ({service: name, problems}))},
  })
}

function hintFor(spec: ServiceSpec, {namespace, secretKeys = []}: AppFacts): string {
  if (spec.image === undefined) {
    return `omni build . --tag REGISTRY/${spec.name}:1 --push, then 'image: REGISTRY/${spec.name}:1' in its file`
  }
  const [missing] = secretKeysOf(spec).filter((key) => !secretKeys.includes(key))
  if (missing === undefined) return 'omni explain service'
  return `kubectl --namespace ${namespace} create secret generic ${secretsName(spec.name)} --from-file=${missing}=FILE`
}

function codeProblems(spec: ServiceSpec): Found {
  const given = (['source', 'artifact', 'build', 'module', 'assets'] as const).filter(
    (field) => spec[field] !== undefined,
  )
  const isOther = spec.runtime === 'process' || spec.runtime === 'wasm'
  return [
    ...given.map((field) => `${field}: a cluster builds nothing and gets no files; it runs an image of a registry`),
    isOther && `runtime: '${spec.runtime}' is not known to a cluster; it runs containers`,
    spec.image === undefined && 'image: there is none, and a cluster runs nothing else',
  ]
}

function programProblems(spec: ServiceSpec): Found {
  const words = (['command', 'entrypoint'] as const).map((field) => {
    const problem = spec[field] === undefined ? undefined : wordsProblem(spec[field])
    return problem === undefined ? undefined : `${field}: ${problem}`
  })
  const folder = spec.working_dir
  const isKept = spec.restart_policy === undefined || /^(always|unless-stopped)$/.test(spec.restart_policy)
  return [
    ...words,
    folder !== undefined && !isAbsolute(folder) && `working_dir: '${folder}' is no absolute path inside of the image`,
    spec.user !== undefined &&
      !isNumericUser(spec.user) &&
      `user: '${spec.user}' is no number, as in 1000 or 1000:1000`,
    !isKept &&
      !isScheduled(spec) &&
      `restart_policy: '${spec.restart_policy}' is only known for what cron triggers start; services are always restarted`,
    ...triggerProblems(spec),
  ]
}

function replicaProblems(spec: ServiceSpec, {hasMetrics, autoscaleApi, cronApi}: AppFacts): Found {
  const strategy = strategyOf(spec)
  const isAuto = spec.replicas === 'auto'
  const isMany = isAuto || (typeof spec.replicas === 'number' && spec.replicas > 1)
  return [
    isAuto && autoscaleApi === undefined && "replicas: 'auto' needs the API group autoscaling, which is not served",
    isAuto &&
      !hasMetrics &&
      "replicas: 'auto' needs metrics.k8s.io (metrics-server), which this cluster does not serve",
    isScheduled(spec) && cronApi === undefined && 'triggers: this cluster serves no CronJobs',
    (strategy === 'canary' || strategy === 'blue-green') &&
      `deploy.strategy: '${strategy}' needs a proxy that divides the requests; a cluster has rolling and recreate`,
    spec.volume !== undefined &&
      isMany &&
      'replicas: with a volume there is one; more would share it, where each should have its own',
  ]
}

function portProblems(spec: ServiceSpec): Found {
  const port = spec.host_port
  const range = `${NODE_PORTS.first} to ${NODE_PORTS.last}`
  return [
    port !== undefined &&
      !isNodePort(port) &&
      `host_port: nodes open ports ${range}, and ${port} is none; use a domain, or omni port-forward ${spec.name}`,
    spec.host_ip !== undefined &&
      spec.host_ip !== '0.0.0.0' &&
      `host_ip: nodes open a port on all their addresses, not on ${spec.host_ip}`,
    ...(spec.extra_ports ?? []).map(parseExtraPort).map((read) => typeof read === 'string' && `extra_ports: ${read}`),
    ...spec.aliases.map((alias) => nameProblem(alias) !== undefined && `aliases: '${alias}': ${nameProblem(alias)}`),
    spec.aliases.length > 0 && spec.port === undefined && "aliases: they are names of a port, and there is no 'port'",
  ]
}

function entranceProblems(spec: ServiceSpec, {entrance}: AppFacts): Found {
  const hosts = hostsOf(spec)
  const files = (['tls_cert', 'tls_key'] as const).filter((field) => spec[field] !== undefined)
  const strips = spec.strip_prefix !== undefined && hosts.length > 0
  const canStrip = entrance.via === 'gateway' || (entrance.via === 'ingress' && entrance.controller === NGINX)
  return [
    ...files.map((field) => `${field}: a file of a server; in a cluster certificates belong to its Ingress or Gateway`),
    hosts.length > 0 && spec.protocol === 'tcp' && 'domain: host names are for http; the protocol is tcp',
    hosts.length > 0 &&
      entrance.via === 'unclear' &&
      `domain: this cluster has ${entrance.candidates.join(', ')}, and none is the default`,
    ...spec.routes.map(
      (route) => /[^/]\*$|\*./.test(route) && `routes: '${route}': a prefix ends at a slash, as in /api/*`,
    ),
    strips && !canStrip && 'strip_prefix: an Ingress cannot take a prefix off; ingress-nginx and Gateways can',
  ]
}

function placementProblems({placement, resources}: ServiceSpec, {node}: AppFacts): Found {
  const {gpu} = resources ?? {}
  const isForeign = gpu !== undefined && gpuResource(gpu.vendor) !== 'nvidia.com/gpu'
  return [
    ...Object.entries(placement?.labels ?? {}).map(
      ([key, value]) => !isLabel(key, value) && `placement.labels: '${key}=${value}' can be no label of a node`,
    ),
    placement?.node !== undefined &&
      node === null &&
      `placement.node: no node of the cluster is called '${placement.node}'`,
    gpu !== undefined &&
      gpuResource(gpu.vendor) === undefined &&
      `resources.gpu.vendor: no devices of '${gpu.vendor}' are known; there are nvidia, amd and intel`,
    isForeign &&
      (gpu.model ?? gpu.vram_min) !== undefined &&
      'resources.gpu: only nodes with devices of nvidia tell their model and memory',
  ]
}

function dataProblems(spec: ServiceSpec, {namespace, secretKeys}: AppFacts): Found {
  const path = spec.volume?.path
  const name = secretsName(spec.name)
  const missing = secretKeysOf(spec).filter((key) => secretKeys?.includes(key) !== true)
  return [
    path !== undefined && !isAbsolute(path) && `volume.path: '${path}' is no absolute path inside of the container`,
    ...spec.mounts.map(parseMount).map((read) => typeof read === 'string' && `mounts: ${read}`),
    missing.length > 0 &&
      (secretKeys === undefined
        ? `env: \${secrets.${missing[0]}} is taken from the Secret '${name}' in '${namespace}', which does not exist`
        : `env: the Secret '${name}' in '${namespace}' has no ${missing.join(', ')}`),
  ]
}
