import type {Service} from '@omni-cli/sdk'
import {EDGE_BUCKETS, type EdgeVersionStats} from '../edge/table.ts'

export interface MetricsInput {
  readonly services: readonly Service[]
  readonly nodes: number
  readonly edge: readonly EdgeVersionStats[]
}

type Labels = Readonly<Record<string, string>>
type Sample = readonly [labels: Labels, value: number, suffix?: string]

/** Prometheus' text form. The first three are Orca's, name for name. */
export function renderMetrics({services, nodes, edge}: MetricsInput): string {
  const families = [
    family('orca_services_total', 'gauge', 'Number of services', [[{}, services.length]]),
    family('orca_instances_total', 'gauge', 'Instance counts by service and status', services.flatMap(instanceCounts)),
    family('orca_nodes_total', 'gauge', 'Number of cluster nodes', [[{}, nodes]]),
    family('orca_service_cpu_percent', 'gauge', 'CPU in use, in percent of one core', services.flatMap(cpu)),
    family('orca_service_memory_bytes', 'gauge', 'Memory in use', services.flatMap(memory)),
    family('orca_service_restarts_total', 'counter', 'Restarts of replicas that run now', services.map(restarts)),
    family('orca_http_requests_total', 'counter', 'Requests by version and status class', edge.flatMap(requests)),
    family(
      'orca_http_requests_in_flight',
      'gauge',
      'Requests under way',
      edge.map((row) => [of(row), row.inFlight]),
    ),
    family('orca_http_request_duration_seconds', 'histogram', 'Time to the end of the answer', edge.flatMap(histogram)),
  ]
  return families.join('')
}

function family(name: string, type: string, help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value, suffix = '']) => `${name}${suffix}${render(labels)} ${value}\n`)
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

function render(labels: Labels): string {
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
const restarts = (service: Service): Sample => [
  named(service),
  service.replicas.reduce((sum, replica) => sum + replica.restarts, 0),
]

function summed(service: Service, read: (replica: Service['replicas'][number]) => number | undefined): Sample[] {
  const known = service.replicas.map(read).filter((value) => value !== undefined)
  return known.length === 0 ? [] : [[named(service), known.reduce((sum, value) => sum + value, 0)]]
}

const of = ({service, version}: EdgeVersionStats): Labels => ({service, version})

/** Class 0 = no answer from the service. */
const requests = (row: EdgeVersionStats): Sample[] =>
  row.classes.map((count, index): Sample => [{...of(row), class: index === 0 ? 'none' : `${index}xx`}, count])

const histogram = (row: EdgeVersionStats): Sample[] => [
  ...EDGE_BUCKETS.map((bound, index): Sample => [{...of(row), le: String(bound)}, row.buckets[index] ?? 0, '_bucket']),
  [{...of(row), le: '+Inf'}, row.requests, '_bucket'],
  [of(row), row.seconds, '_sum'],
  [of(row), row.requests, '_count'],
]
