import type {ProbeSpec, ServiceSpec} from '@omni-cli/sdk'
import {PORT_NAME} from './names.ts'

type Probes = Readonly<Partial<Record<'startupProbe' | 'readinessProbe' | 'livenessProbe', object>>>

/** Whole seconds, at least 1: Kubernetes knows no parts of one. */
const seconds = (value: number): number => Math.max(1, Math.ceil(value))

/**
 * Probes of the container. `health` is short for start-up and liveness. A service with a port is ready when the port accepts, unless it
 * says otherwise; a start-up without a probe of its own may take as long as a deploy waits.
 */
export function probesOf(spec: ServiceSpec): Probes {
  const health = spec.health === undefined ? undefined : {httpGet: {path: spec.health, port: PORT_NAME}}
  const tcp = spec.port === undefined ? undefined : {tcpSocket: {port: PORT_NAME}}
  const startup = probe(spec.startup) ?? (health && {...health, ...startTiming(spec)})
  const readiness = probe(spec.readiness) ?? readyTiming(health ?? tcp)
  const liveness =
    probe(spec.liveness) ?? (health && {...health, periodSeconds: 10, timeoutSeconds: 3, failureThreshold: 3})
  return {
    ...(startup === undefined ? {} : {startupProbe: startup}),
    ...(readiness === undefined ? {} : {readinessProbe: readiness}),
    ...(liveness === undefined ? {} : {livenessProbe: liveness}),
  }
}

const startTiming = ({deploy}: ServiceSpec) => ({
  ...{periodSeconds: 1, timeoutSeconds: 3},
  failureThreshold: seconds(deploy?.ready_timeout_secs ?? 60),
})

const readyTiming = (action: object | undefined) =>
  action && {...action, periodSeconds: 2, timeoutSeconds: 3, failureThreshold: 3}

function probe(spec: ProbeSpec | undefined): object | undefined {
  if (spec === undefined) return undefined
  const delay = Math.ceil(spec.initial_delay_secs)
  return {
    ...actionOf(spec),
    periodSeconds: seconds(spec.interval_secs),
    timeoutSeconds: seconds(spec.timeout_secs),
    failureThreshold: spec.failure_threshold,
    ...(delay === 0 ? {} : {initialDelaySeconds: delay}),
  }
}

function actionOf({
  path,
  exec,
  port = PORT_NAME,
}: Omit<ProbeSpec, 'port'> & {readonly port?: number | string | undefined}) {
  if (path !== undefined) return {httpGet: {path, port}}
  return exec === undefined ? {tcpSocket: {port}} : {exec: {command: exec}}
}
