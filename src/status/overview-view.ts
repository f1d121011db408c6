import {formatBytes, formatDuration, type Instance, type Service} from '@omni-cli/sdk'
import {type ItemView, itemView, type TextLine, type Tone} from '@omni-cli/sdk/cli'
import {canaryPieces} from '../apps/canary-view.ts'
import {failureLines, STATUS_TONE, urlOf} from '../apps/service-view.ts'
import {withoutSecrets} from '../apps/without-secrets.ts'
import {OWNER_LABEL} from '../machines/health-wanted.ts'
import {withoutMachineSecrets} from '../resources/instance.ts'
import {alignRows, type Cell} from './columns.ts'
import {nextRunText} from './next-run.ts'
import {type EngineHealth, isHealthy, type Overview} from './overview.ts'
import {usageOf} from './usage.ts'

/** Exit status of a command that found something that should run and does not. */
export const DEGRADED_EXIT = 9

/** One screen over everything; exit status 9 when something is wrong. */
export function overviewView(overview: Overview, now: Date): ItemView<Overview> {
  return itemView({
    data: {
      ...overview,
      services: overview.services.map(withoutSecrets),
      instances: overview.instances.map(withoutMachineSecrets),
    },
    text: (data) => overviewLines(data, now.getTime()),
    ref: [
      ...overview.services.map(({name}) => `service/${name}`),
      ...overview.instances.map(({name}) => `instance/${name}`),
    ],
    exitCode: overview.ok ? 0 : DEGRADED_EXIT,
  })
}

function overviewLines(overview: Overview, now: number): TextLine[] {
  const {services, instances, engines} = overview
  return [
    [['context ', 'dim'], overview.context],
    ...engines.flatMap(engineLines),
    ...(services.length === 0 ? [] : ['', ...serviceLines(services, now)]),
    ...(instances.length === 0 ? [] : ['', ...instanceLines(overview, now)]),
    '',
    ...summaryLines(overview),
  ]
}

function engineLines({id, title, ok, version, message, hint}: EngineHealth): TextLine[] {
  const head: TextLine = [
    ['engine  ', 'dim'],
    id,
    [` ${ok ? 'ready' : 'not ready'}`, ok ? 'good' : 'bad'],
    [[version === undefined ? '' : ` ${version}`, title === '' ? '' : ` · ${title}`].join(''), 'dim'],
  ]
  const told =
    message === undefined || message === '' ? [] : message.split('\n').map((line): TextLine => `        ${line}`)
  return [head, ...told, ...(ok || hint === undefined ? [] : [[['        try: ', 'dim'], hint] satisfies TextLine])]
}

const HEADERS: readonly Cell[] = [
  {text: ' '},
  ...['SERVICE', 'STATUS', 'READY'].map((text): Cell => ({text, tone: 'dim'})),
  ...['CPU', 'MEMORY', 'UPTIME', 'RESTARTS'].map((text): Cell => ({text, tone: 'dim', align: 'right'})),
  ...['RELEASE', 'URL'].map((text): Cell => ({text, tone: 'dim'})),
]

const MARKS: Readonly<Record<Tone, string>> = {good: '✔', warn: '…', bad: '✖', dim: '■', plain: ' '}

/** A row a service; under a degraded one, why. */
function serviceLines(services: readonly Service[], now: number): TextLine[] {
  const [header, ...rows] = alignRows([HEADERS, ...services.map((service) => serviceRow(service, now))])
  return [
    header ?? '',
    ...services.flatMap((service, index): TextLine[] => {
      const row = rows[index] ?? ''
      const {canary, lastFailure} = service
      const beside: TextLine[] = canary === undefined ? [] : [['   canary', ...canaryPieces(canary, new Date(now))]]
      const next: TextLine[] =
        service.nextRun === undefined ? [] : [[[`   runs ${nextRunText(service.nextRun, now)}`, 'dim']]]
      const why = isHealthy(service) || lastFailure === undefined ? [] : failureLines(lastFailure, '   ')
      return [row, ...beside, ...next, ...why]
    }),
  ]
}

function serviceRow(service: Service, now: number): Cell[] {
  const usage = usageOf(service, now)
  const tone = STATUS_TONE[service.status]
  return [
    {text: MARKS[tone], tone},
    {text: service.name},
    {text: service.status, tone},
    {text: `${service.runningReplicas}/${service.desiredReplicas}`},
    {text: usage.cpu, align: 'right'},
    {text: usage.memory, align: 'right'},
    {text: usage.uptime, align: 'right'},
    {text: String(usage.restarts), align: 'right', tone: usage.restarts > 0 ? 'warn' : 'plain'},
    {text: service.release ?? ''},
    {text: urlOf(service)},
  ]
}

const MACHINE_HEADERS: readonly Cell[] = [
  {text: ' '},
  ...['INSTANCE', 'STATUS', 'TYPE'].map((text): Cell => ({text, tone: 'dim'})),
  ...['CPUS', 'MEMORY', 'UPTIME'].map((text): Cell => ({text, tone: 'dim', align: 'right'})),
  ...['PLAN', 'ADDRESS'].map((text): Cell => ({text, tone: 'dim'})),
]

/** What is down first, then by name. */
function instanceLines({instances, down}: Overview, now: number): TextLine[] {
  const isDown = (instance: Instance) => down.includes(instance.name)
  const sorted = instances.toSorted(
    (a, b) => Number(isDown(b)) - Number(isDown(a)) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  )
  return alignRows([MACHINE_HEADERS, ...sorted.map((instance) => instanceRow(instance, isDown(instance), now))])
}

function instanceRow(instance: Instance, isDown: boolean, now: number): Cell[] {
  const tone: Tone = isDown ? 'bad' : instance.status === 'running' ? 'good' : 'dim'
  const {memoryUsedBytes: used, memoryBytes: limit, startedAt} = instance
  const sizes = [used, limit].filter((size) => size !== undefined).map(formatBytes)
  const isUp = instance.status === 'running' && startedAt !== undefined
  return [
    {text: MARKS[tone], tone},
    {text: instance.name},
    {text: instance.status, tone},
    {text: instance.type},
    {text: instance.cpus === undefined ? '' : String(instance.cpus), align: 'right'},
    {text: used === undefined && limit !== undefined ? `-/${formatBytes(limit)}` : sizes.join('/'), align: 'right'},
    {text: isUp ? formatDuration(Math.max(0, now - Date.parse(startedAt))) : '', align: 'right'},
    {text: instance.labels[OWNER_LABEL] ?? ''},
    {text: instance.addresses[0] ?? ''},
  ]
}

function summaryLines({services, instances, engines, ok, down}: Overview): TextLine[] {
  const bad = services.filter((service) => !isHealthy(service))
  const [first] = bad
  if (first !== undefined) {
    const what =
      bad.length === 1
        ? `'${first.name}' does not run as it should`
        : `${bad.length} of ${services.length} services do not run as they should`
    return [[[what, 'bad']], [['try: ', 'dim'], `omni logs ${first.name}`]]
  }
  if (down.length > 0) {
    const what =
      down.length === 1 ? `'${down[0]}' does not run, but should` : `${down.length} machines do not run, but should`
    return [[[what, 'bad']], [['try: ', 'dim'], 'omni health --recover']]
  }
  if (!ok) {
    const silent = engines.filter((engine) => !engine.ok).length
    return [[[silent === 1 ? 'an engine does not answer' : `${silent} engines do not answer`, 'bad']]]
  }
  if (services.length === 0 && instances.length > 0) {
    const running = instances.filter(({status}) => status === 'running').length
    const text =
      instances.length === 1
        ? `the machine is ${instances[0]?.status}`
        : `${running} of ${instances.length} machines run`
    return [[[text, running > 0 ? 'good' : 'dim']]]
  }
  if (services.length === 0) return ['nothing is deployed yet', [['try: ', 'dim'], 'omni up DIR']]
  const stopped = services.filter(({status}) => status === 'stopped').length
  const running = services.length - stopped
  if (running === 0) return [services.length === 1 ? 'the service is stopped' : `all ${stopped} services are stopped`]
  const rest = stopped === 0 ? '' : `, ${stopped} stopped`
  return [[[`${running} ${running === 1 ? 'service runs' : 'services run'} as wanted`, 'good'], rest]]
}
