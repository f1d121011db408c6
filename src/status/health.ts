import type {CallOptions, Service} from '@omni-cli/sdk'
import {mapLimit} from '@omni-cli/sdk'
import {type ItemView, itemView, type TextLine} from '@omni-cli/sdk/cli'
import {type ProbeResult, probeService} from '../apps/probe.ts'
import {failureText, STATUS_TONE} from '../apps/service-view.ts'
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
  readonly status: 'healthy' | 'degraded'
  readonly engines: readonly EngineHealth[]
  readonly services: readonly ServiceHealth[]
}

/** Probes the endpoints of every service that should run, ten services at a time. */
export async function checkHealth(
  engines: readonly EngineHealth[],
  services: readonly Service[],
  options: CallOptions = {},
): Promise<HealthReport> {
  const checked = await mapLimit(services, 10, async (service) => healthOf(service, await probesOf(service, options)))
  const isGood = engines.every(({ok}) => ok) && checked.every(({healthy}) => healthy)
  return {status: isGood ? 'healthy' : 'degraded', engines, services: checked}
}

/** A stopped service and one scaled to nothing have nothing that could answer. */
const probesOf = (service: Service, options: CallOptions): Promise<ProbeResult[]> =>
  service.desiredReplicas === 0 || service.status === 'stopped'
    ? Promise.resolve([])
    : probeService(service, {signal: options.signal})

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
  if (!isHealthy(service)) {
    const {lastFailure} = service
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

/** For a person one line a service and endpoint; exit status 9 when something is degraded. */
export function healthView(report: HealthReport): ItemView<HealthReport> {
  return itemView({
    data: report,
    ref: report.services.map(({name}) => `service/${name}`),
    exitCode: report.status === 'healthy' ? 0 : DEGRADED_EXIT,
    text: ({engines, services}) => [
      ...engines
        .filter(({ok}) => !ok)
        .map((engine): TextLine => [['✖ ', 'bad'], `${engine.id}: ${engine.message ?? 'does not answer'}`]),
      ...services.flatMap(serviceLines),
      ...(services.length === 0 ? ['there are no services'] : []),
    ],
  })
}

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
