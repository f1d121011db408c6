import {runtimeOf, type Service} from '@omni-cli/sdk'
import {EDGE_BUCKETS, type EdgeVersionStats} from '../edge/table.ts'
import type {TlsState} from './tls/tls-book.ts'

export interface MetricsInput {
  readonly services: readonly Service[]
  readonly nodes: number
  readonly edge: readonly EdgeVersionStats[]
  /** Of each service since the server began, also of replicas that are gone. */
  readonly restarts: ReadonlyMap<string, number>
  readonly certificates: readonly TlsState[]
}

type Labels = Readonly<Record<string, string>>
type Sample = readonly [labels: Labels, value: number, suffix?: string]
interface Family {
  readonly name: string
  readonly type: 'gauge' | 'counter' | 'histogram'
  readonly help: string
  readonly samples: readonly Sample[]
}

/** More are not sent: whoever asks could not keep them, and all services wait while they are written. */
const MOST_SAMPLES = 50_000

/**
 * Prometheus' text form. The first three are Orca's, name for name. Requests are those of versions that are in force or
 * run: a service with many releases does not grow without end. What is left out is counted.
 */
export function renderMetrics(input: MetricsInput): string {
  const all = [...serviceFamilies(input), ...httpFamilies(input)]
  let left = MOST_SAMPLES
  const cut = all.map((family) => {
    const samples = family.samples.slice(0, left)
    left -= samples.length
    return {...family, samples}
  })
  const count = all.reduce((sum, {samples}) => sum + samples.length, 0)
  const dropped: Family = {
    name: 'orca_metrics_dropped_samples',
    type: 'gauge',
    help: 'Samples that are not sent, because there are too many',
    samples: [[{}, Math.max(0, count - MOST_SAMPLES)]],
  }
  return [...cut, dropped].map(render).join('')
}

function serviceFamilies({services, nodes, restarts, certificates}: MetricsInput): Family[] {
  const gauge = (name: string, help: string, samples: readonly Sample[]): Family => ({
    name,
    type: 'gauge',
    help,
    samples,
  })
  return [
    gauge('orca_services_total', 'Number of services', [[{}, services.length]]),
    gauge('orca_instances_total', 'Instance counts by service and status', services.flatMap(instanceCounts)),
    gauge('orca_nodes_total', 'Number of cluster nodes', [[{}, nodes]]),
    gauge('orca_service_info', 'Release in force', services.map(release)),
    gauge(
      'orca_service_desired_replicas',
      'Replicas that are wanted',
      services.map((one) => [named(one), one.desiredReplicas]),
    ),
    gauge('orca_service_cpu_percent', 'CPU in use, in percent of one core', services.flatMap(cpu)),
    gauge('orca_service_memory_bytes', 'Memory in use', services.flatMap(memory)),
    {
      name: 'orca_service_restarts_total',
      type: 'counter',
      help: 'Restarts of replicas',
      samples: services.map((service) => [named(service), restarts.get(service.name) ?? 0]),
    },
    gauge(
      'orca_certificate_expiry_timestamp_seconds',
      'End of the certificate of a host',
      certificates.flatMap(expiry),
    ),
    gauge('orca_canary_weight', 'Percent of the requests that a canary gets', services.flatMap(canary)),
  ]
}

function httpFamilies({services, edge}: MetricsInput): Family[] {
  const inForce = new Set(
    services.flatMap((service) => versionsOf(service).map((version) => `${service.name} ${version}`)),
  )
  const rows = edge.filter(({service, version}) => inForce.has(`${service} ${version}`))
  return [
    {
      name: 'orca_http_requests_total',
      type: 'counter',
      help: 'Requests by version, route and status class',
      samples: rows.flatMap(requests),
    },
    {
      name: 'orca_http_requests_in_flight',
      type: 'gauge',
      help: 'Requests under way',
      samples: rows.map((row) => [of(row), row.inFlight]),
    },
    {
      name: 'orca_http_request_duration_seconds',
      type: 'histogram',
      help: 'Time to the head of the answer',
      samples: rows.flatMap(histogram),
    },
  ]
}

const versionsOf = ({release: active, canary, replicas}: Service): string[] => [
  ...(active === undefined ? [] : [active]),
  ...(canary === undefined ? [] : [canary.release]),
  ...replicas.map((replica) => replica.release),
]

function render({name, type, help, samples}: Family): string {
  const lines = samples.map(([labels, value, suffix = '']) => `${name}${suffix}${labelText(labels)} ${value}\n`)
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escapeLabel(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

/** The three escapes of the format. */
export const escapeLabel = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')

const named = ({name, project = ''}: Service): Labels => ({service: name, project})

const instanceCounts = (service: Service): Sample[] => [
  [{...named(service), status: 'running'}, service.runningReplicas],
  [{...named(service), status: 'stopped'}, Math.max(0, service.replicas.length - service.runningReplicas)],
]

const cpu = (service: Service): Sample[] => summed(service, (replica) => replica.cpuPercent)
const memory = (service: Service): Sample[] => summed(service, (replica) => replica.memoryBytes)
const release = (service: Service): Sample => [
  {
    ...named(service),
    release: service.release ?? '',
    runtime: runtimeOf(service.spec),
    image: service.spec.image ?? '',
  },
  1,
]
const canary = (service: Service): Sample[] =>
  service.canary === undefined ? [] : [[{...named(service), release: service.canary.release}, service.canary.weight]]

const expiry = ({host, notAfter}: TlsState): Sample[] =>
  notAfter === undefined ? [] : [[{host}, Date.parse(notAfter) / 1000]]

function summed(service: Service, read: (replica: Service['replicas'][number]) => number | undefined): Sample[] {
  const known = service.replicas.map(read).filter((value) => value !== undefined)
  return known.length === 0 ? [] : [[named(service), known.reduce((sum, value) => sum + value, 0)]]
}

const of = ({service, version, route}: EdgeVersionStats): Labels => ({service, version, route})

/** Class 0 = no answer from the service. */
const requests = (row: EdgeVersionStats): Sample[] =>
  row.classes.map((count, index): Sample => [{...of(row), class: index === 0 ? 'none' : `${index}xx`}, count])

const histogram = (row: EdgeVersionStats): Sample[] => [
  ...EDGE_BUCKETS.map((bound, index): Sample => [{...of(row), le: String(bound)}, row.buckets[index] ?? 0, '_bucket']),
  [{...of(row), le: '+Inf'}, row.requests, '_bucket'],
  [of(row), row.seconds, '_sum'],
  [of(row), row.requests, '_count'],
]
