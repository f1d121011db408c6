import type {Service, ServiceSpec, ServiceStatus} from '@omni-cli/sdk'
import type {OrcaStatus} from '../client/wire.ts'

const STATUS: Readonly<Record<string, ServiceStatus>> = {
  running: 'running',
  degraded: 'degraded',
  stopped: 'failed',
  paused: 'stopped',
}

/** What Orca tells about a service. It has no list of replicas and not the whole spec: defaults stand for the rest. */
export function fromOrcaStatus(status: OrcaStatus): Service {
  const failure = status.last_failure ?? undefined
  return {
    name: status.name,
    project: status.project ?? undefined,
    status: STATUS[status.status] ?? 'degraded',
    spec: specOf(status),
    desiredReplicas: status.desired_replicas,
    runningReplicas: status.running_replicas,
    endpoints: domainsOf(status).map((domain) => ({url: `http://${domain}`, via: 'domain'})),
    replicas: [],
    ...(failure === undefined
      ? {}
      : {
          lastFailure: {
            reason: failure.reason,
            message: failure.message,
            ...(typeof failure.exit_code === 'number'
              ? {exit: {code: failure.exit_code, at: failure.observed_at}}
              : {}),
            restarts: failure.restart_count,
            at: failure.observed_at,
            lastLines: [],
          },
        }),
  }
}

const domainsOf = ({domain, domains}: OrcaStatus): string[] => [
  ...new Set([...(domain === undefined || domain === null ? [] : [domain]), ...(domains ?? [])]),
]

const specOf = (status: OrcaStatus): ServiceSpec => ({
  name: status.name,
  ...(typeof status.project === 'string' ? {project: status.project} : {}),
  runtime: status.runtime === 'wasm' ? 'wasm' : 'container',
  ...(typeof status.image === 'string' && status.image !== '' ? {image: status.image} : {}),
  ...(typeof status.domain === 'string' ? {domain: status.domain} : {}),
  replicas: status.desired_replicas,
  protocol: 'http',
  routes: [],
  env: {},
  labels: {},
  aliases: [],
  mounts: [],
  triggers: [],
  internal: false,
  depends_on: [],
  stop_grace_secs: 10,
})

/** A spec in the form of Orca's API: sizes are texts there. Fields that Orca lacks are ignored by it. */
export function toOrcaConfig(spec: ServiceSpec): Readonly<Record<string, unknown>> {
  const {resources, volume, ...rest} = spec
  return {
    ...rest,
    runtime: spec.runtime ?? 'container',
    ...(resources === undefined ? {} : {resources: {...resources, ...sizeText('memory', resources.memory)}}),
    ...(volume === undefined ? {} : {volume: {...volume, ...sizeText('size', volume.size)}}),
  }
}

const sizeText = (key: string, bytes: number | undefined) => (bytes === undefined ? {} : {[key]: String(bytes)})
