import {formatBytes, formatDuration, type Replica, type ReplicaStatus, type Service} from '@omni-cli/sdk'
import {type ItemView, itemView, type TextLine, type Tone} from '@omni-cli/sdk/cli'
import {canaryLines} from '../apps/canary-view.ts'
import {exitText, failureLines, STATUS_TONE} from '../apps/service-view.ts'
import {withoutSecrets} from '../apps/without-secrets.ts'
import {isServing, servingLines} from '../serving/details.ts'
import {alignRows, type Cell} from './columns.ts'
import {nextRunText} from './next-run.ts'
import {isHealthy} from './overview.ts'
import {DEGRADED_EXIT} from './overview-view.ts'

const REPLICA_TONE = {
  ready: 'good',
  starting: 'warn',
  unready: 'bad',
  backoff: 'bad',
  stopping: 'dim',
  exited: 'dim',
} as const satisfies Record<ReplicaStatus, Tone>

/** Everything about one service: addresses, replicas, the last failure. Exit status 9 when it is degraded. */
export function serviceDetailsView(service: Service, now: Date): ItemView<Service> {
  return itemView({
    data: withoutSecrets(service),
    ref: `service/${service.name}`,
    text: (data) => detailLines(data, now.getTime()),
    exitCode: isHealthy(service) ? 0 : DEGRADED_EXIT,
  })
}

function detailLines(service: Service, now: number): TextLine[] {
  if (!isServing(service)) return appLines(service, now)
  const {replicas, lastFailure} = service
  return [
    ...servingLines(service),
    ...(replicas.length === 0 ? [] : ['', ...replicaLines(replicas, now)]),
    ...(lastFailure === undefined || lastFailure.lastLines.length === 0 ? [] : ['', ...failureLines(lastFailure, '')]),
  ]
}

function appLines(service: Service, now: number): TextLine[] {
  const {spec, lastFailure} = service
  const facts: (readonly [string, string])[] = [
    ['release', service.release ?? ''],
    ['project', service.project ?? ''],
    ['depends on', spec.depends_on.join(', ')],
    ['health', spec.health ?? spec.readiness?.path ?? ''],
    ['next run', service.nextRun === undefined ? '' : nextRunText(service.nextRun, now)],
    ...service.endpoints.map(({url, via}) => [via, url] as const),
  ]
  return [
    [
      service.name,
      [` ${service.status}`, STATUS_TONE[service.status]],
      ` ${service.runningReplicas}/${service.desiredReplicas} ready`,
    ],
    ...alignRows(
      facts.filter(([, value]) => value !== '').map(([key, text]) => [{text: key, tone: 'dim' as const}, {text}]),
    ),
    ...(service.canary === undefined ? [] : ['', ...canaryLines(service, new Date(now))]),
    ...(service.replicas.length === 0 ? [] : ['', ...replicaLines(service.replicas, now)]),
    ...(lastFailure === undefined
      ? []
      : [
          '',
          [['last failure ', 'dim'], ago(lastFailure.at, now)] satisfies TextLine,
          ...failureLines(lastFailure, ''),
        ]),
  ]
}

function replicaLines(replicas: readonly Replica[], now: number): TextLine[] {
  const header: Cell[] = [
    ...['REPLICA', 'STATUS', 'RELEASE', 'ADDRESS'].map((text): Cell => ({text, tone: 'dim'})),
    ...['PID', 'CPU', 'MEMORY', 'UPTIME', 'RESTARTS'].map((text): Cell => ({text, tone: 'dim', align: 'right'})),
    {text: 'LAST EXIT', tone: 'dim'},
  ]
  return alignRows([header, ...replicas.map((replica) => replicaRow(replica, now))])
}

const replicaRow = (replica: Replica, now: number): Cell[] => [
  {text: replica.name},
  {text: replica.status, tone: REPLICA_TONE[replica.status]},
  {text: replica.release},
  {text: replica.address ?? ''},
  {text: replica.pid === undefined ? '' : String(replica.pid), align: 'right'},
  {text: replica.cpuPercent === undefined ? '' : `${replica.cpuPercent.toFixed(1)}%`, align: 'right'},
  {text: replica.memoryBytes === undefined ? '' : formatBytes(replica.memoryBytes), align: 'right'},
  {
    text: replica.startedAt === undefined ? '' : formatDuration(Math.max(0, now - Date.parse(replica.startedAt))),
    align: 'right',
  },
  {text: String(replica.restarts), align: 'right', tone: replica.restarts > 0 ? 'warn' : 'plain'},
  {
    text:
      replica.lastExit === undefined ? '' : `${exitText({exit: replica.lastExit})}, ${ago(replica.lastExit.at, now)}`,
  },
]

const ago = (at: string, now: number): string => `${formatDuration(Math.max(0, now - Date.parse(at)))} ago`
