import type {CallOptions, Service, ServiceEngine} from '@omni-cli/sdk'
import {ERROR_CODES, mapLimit} from '@omni-cli/sdk'
import {type ItemView, itemView, type TextLine, type Tone} from '@omni-cli/sdk/cli'
import {type ProbeResult, probeService} from '../apps/probe.ts'
import {failureText, STATUS_TONE} from '../apps/service-view.ts'
import type {InstanceHealth} from '../machines/health.ts'
import type {Recovered} from '../machines/recover.ts'
import {type Advice, adviceFor} from './advice.ts'
import {type EngineHealth, isHealthy} from './overview.ts'
import {DEGRADED_EXIT} from './overview-view.ts'

/** Health of one service; the shape is stable. */
export interface ServiceHealth {
  readonly name: string
  readonly status: Service['status']
  readonly ready: number
  readonly desired: number
  /** Runs as it should, and every endpoint answers. */
  readonly healthy: boolean
  /** Why it does not, in one line. */
  readonly reason?: string | undefined
  readonly endpoints: readonly ProbeResult[]
}

export interface HealthReport {
  /** `critical`: an engine in use does not answer, so that nothing is known of what it has. */
  readonly status: 'healthy' | 'degraded' | 'critical'
  readonly engines: readonly EngineHealth[]
  readonly services: readonly ServiceHealth[]
  readonly instances: readonly InstanceHealth[]
  /** What helps, most urgent first. */
  readonly recommendations: readonly Advice[]
  /** With `--recover`: what was done. */
  readonly recovered?: readonly Recovered[] | undefined
}

/** Who runs the services, as far as they are asked through it. */
export type Prober = Pick<ServiceEngine, 'probe'>

/** Probes the endpoints of every service that should run, ten services at a time; through the engine where only that can. */
export const checkServices = (
  services: readonly Service[],
  engine: Prober,
  options: CallOptions = {},
): Promise<ServiceHealth[]> =>
  mapLimit(services, 10, async (service) => healthOf(service, await probesOf(service, engine, options)))

/** All that was found, with the worst of it as the status and what helps. */
export function reportOf(
  found: Pick<HealthReport, 'engines' | 'services' | 'instances' | 'recovered'>,
  plan?: string | undefined,
): HealthReport {
  const {engines, services, instances, recovered} = found
  const isGood = [...services, ...instances].every(({healthy}) => healthy)
  const status = engines.some(({ok}) => !ok) ? 'critical' : isGood ? 'healthy' : 'degraded'
  const recommendations = adviceFor(found, plan)
  return {status, engines, services, instances, recommendations, ...(recovered === undefined ? {} : {recovered})}
}

/** A stopped service and one scaled to nothing have nothing that could answer. */
async function probesOf(service: Service, engine: Prober, {signal}: CallOptions): Promise<readonly ProbeResult[]> {
  if (service.desiredReplicas === 0 || service.status === 'stopped') return []
  return (await engine.probe?.(service.name, {signal})) ?? probeService(service, {signal})
}

function healthOf(service: Service, endpoints: readonly ProbeResult[]): ServiceHealth {
  const reason = reasonOf(service, endpoints)
  return {
    name: service.name,
    status: service.status,
    ready: service.runningReplicas,
    desired: service.desiredReplicas,
    healthy: reason === undefined,
    ...(reason === undefined ? {} : {reason}),
    endpoints,
  }
}

function reasonOf(service: Service, endpoints: readonly ProbeResult[]): string | undefined {
  // What is being deployed has not failed, but is not well before all of it serves.
  const isPartial = service.status === 'deploying' && service.runningReplicas < service.desiredReplicas
  if (!isHealthy(service) || isPartial) {
    const {lastFailure, serving} = service
    if (serving?.reason !== undefined) return serving.reason
    if (lastFailure === undefined) return `${service.runningReplicas} of ${service.desiredReplicas} replicas are ready`
    return failureText(lastFailure)
  }
  const silent = endpoints.find(({ok}) => !ok)
  return silent === undefined ? undefined : `${silent.url} ${answerText(silent)}`
}

/** `answers 200 in 12 ms`, `does not answer: connection refused`. */
export function answerText({ok, status, ms, error, note}: ProbeResult): string {
  const tail = note === undefined ? '' : ` (${note})`
  if (error !== undefined) return `does not answer: ${error}${tail}`
  if (status === undefined) return `accepts connections in ${ms} ms${tail}`
  return `answers ${status}${ok ? '' : ', which is not healthy,'} in ${ms} ms${tail}`
}

/** An engine that does not answer ends as its error would. */
const EXIT = {
  healthy: 0,
  degraded: DEGRADED_EXIT,
  critical: ERROR_CODES.UNAVAILABLE.exit,
} as const satisfies Record<HealthReport['status'], number>

/** For a person one line a service, endpoint and machine; exit status 9 when something is degraded, 7 without an engine. */
export function healthView(report: HealthReport): ItemView<HealthReport> {
  const {services, instances} = report
  return itemView({
    data: report,
    ref: [...services.map(({name}) => `service/${name}`), ...instances.map(({name}) => `instance/${name}`)],
    exitCode: EXIT[report.status],
    text: ({engines, recovered = [], recommendations}) => [
      ...recovered.map(recoveredLine),
      ...engines
        .filter(({ok}) => !ok)
        .map((engine): TextLine => [['✖ ', 'bad'], `${engine.id}: ${engine.message ?? 'does not answer'}`]),
      ...services.flatMap(serviceLines),
      ...instances.map(instanceLine),
      // Of an engine that does not answer nobody knows what it has.
      ...(services.length + instances.length === 0 && engines.every(({ok}) => ok)
        ? ['there are no services and no instances']
        : []),
      ...recommendations.map(({command, why}): TextLine => [['try: ', 'dim'], command, [`  ${why}`, 'dim']]),
    ],
  })
}

function recoveredLine({name, action, ok, attempts, error}: Recovered): TextLine {
  const times = attempts === 1 ? '' : ` after ${attempts} attempts`
  if (ok) return [['✔ ', 'good'], `${action}ed ${name}${times}`]
  return [['✖ ', 'bad'], `cannot ${action} ${name}${times}: ${error ?? 'unknown'}`]
}

const WANTED_TONE = {running: 'good', stopped: 'dim'} as const

function instanceLine({
  name,
  provider,
  status,
  healthy,
  reason,
  readiness,
  stoppedOnPurpose,
}: InstanceHealth): TextLine {
  const isIdle = healthy && status !== 'running'
  const mark = healthy ? (isIdle ? (['■ ', 'dim'] as const) : (['✔ ', 'good'] as const)) : (['✖ ', 'bad'] as const)
  const tone: Tone = status === 'running' || status === 'stopped' ? WANTED_TONE[status] : 'bad'
  const note = reason ?? (stoppedOnPurpose ? 'stopped on purpose' : noteOf(readiness, status))
  return [mark, name, [` ${status}`, healthy ? tone : 'bad'], [` ${provider}`, 'dim'], note === '' ? '' : `  ${note}`]
}

/** What is worth a word although it is no fault. */
const noteOf = ({state, seen}: InstanceHealth['readiness'], status: InstanceHealth['status']): string =>
  status === 'running' && state !== 'ready' ? (seen ?? '') : ''

function serviceLines(service: ServiceHealth): TextLine[] {
  const mark = service.healthy ? (['✔ ', 'good'] as const) : (['✖ ', 'bad'] as const)
  const head: TextLine = [
    mark,
    service.name,
    [` ${service.status}`, STATUS_TONE[service.status]],
    ` ${service.ready}/${service.desired}`,
    ...(service.reason === undefined ? [] : [`  ${service.reason}`]),
  ]
  return [head, ...service.endpoints.map((probe): TextLine => `  ${probe.url} ${answerText(probe)}`)]
}
