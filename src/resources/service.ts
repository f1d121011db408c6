import {formatBytes, redact, type Service, type ServiceSpec} from '@omni-cli/sdk'
import type {TextLine} from '@omni-cli/sdk/cli'
import {STATUS_TONE, urlOf} from '../apps/service-view.ts'
import {withoutSecrets} from '../apps/without-secrets.ts'
import {SERVED_COLUMNS} from '../serving/columns.ts'
import {serviceDetailsView} from '../status/service-details.ts'
import {usageOf} from '../status/usage.ts'
import {age, factLines, labelText, planOf} from './cells.ts'
import {defineKind} from './kind.ts'

export const serviceKind = defineKind<Service, 'service'>({
  kind: 'service',
  plural: 'services',
  short: ['svc', 'app', 'apps'],
  contract: 'service',
  columns: [
    {header: 'PROJECT', value: ({project}) => project},
    {header: 'NAME', value: ({name}) => name},
    {header: 'STATUS', value: ({status}) => status, tone: ({status}) => STATUS_TONE[status]},
    {header: 'READY', value: ({runningReplicas, desiredReplicas}) => `${runningReplicas}/${desiredReplicas}`},
    {header: 'RELEASE', value: ({release}) => release},
    {header: 'URL', value: urlOf},
    {header: 'AGE', value: ({createdAt}) => age(createdAt), align: 'right'},
    {header: 'RESTARTS', value: (service) => usageOf(service, 0).restarts, align: 'right', wide: true},
    {header: 'CPU', value: (service) => usageOf(service, 0).cpu, align: 'right', wide: true},
    {header: 'MEMORY', value: (service) => usageOf(service, 0).memory, align: 'right', wide: true},
    {header: 'RUNS', value: ({spec}) => codeOf(spec), wide: true},
    {header: 'PLAN', value: ({spec}) => planOf(spec.labels), wide: true},
    {header: 'LABELS', value: ({spec}) => labelText(spec.labels), wide: true},
  ],
  columnsFor: (rows) => (rows.some(({serving}) => serving !== undefined) ? SERVED_COLUMNS : undefined),
  list: (engine, options) => engine.list(options),
  get: (engine, name, options) => engine.get(name, options),
  remove: (engine, name, options) => engine.remove(name, options),
  events: (engine) => engine.events,
  withoutSecrets,
  projectOf: ({project}) => project,
  labelsOf: ({spec}) => spec.labels,
  changeKey: ({status, release, runningReplicas, desiredReplicas, replicas, updatedAt, endpoints, serving}) =>
    JSON.stringify([
      status,
      serving,
      release,
      runningReplicas,
      desiredReplicas,
      updatedAt,
      endpoints,
      replicas.map((replica) => [replica.name, replica.status, replica.restarts]),
    ]),
  lines: describeService,
})

/** The image, or the command. */
function codeOf({image, command, module}: ServiceSpec): string {
  const text = image ?? (typeof command === 'object' ? command.join(' ') : command) ?? module ?? ''
  return redact(text)
}

function describeService(service: Service): TextLine[] {
  const {spec} = service
  const {resources, volume} = spec
  const facts = factLines({
    runs: codeOf(spec),
    'working dir': spec.working_dir,
    artifact: spec.artifact?.slice(0, 'sha256:'.length + 12),
    port: spec.port,
    domains: [spec.domain, ...(spec.domains ?? [])].filter((domain) => domain !== undefined).join(', '),
    routes: spec.routes.join(', '),
    'memory limit': resources?.memory === undefined ? undefined : formatBytes(resources.memory),
    'cpu limit': resources?.cpu,
    volume: volume?.path,
    plan: planOf(spec.labels),
    labels: labelText(spec.labels),
    created: service.createdAt,
    updated: service.updatedAt,
  })
  // Values under telling names and credentials in URLs are masked.
  const environment = Object.entries(redact(spec.env)).map(([key, value]): TextLine => `  ${key}=${value}`)
  return [
    ...serviceDetailsView(service, new Date()).text(service),
    '',
    ...facts,
    ...(environment.length === 0 ? [] : [[['environment', 'dim']] satisfies TextLine, ...environment]),
  ]
}
