import {type Canary, type CanaryVerdict, formatDuration, type Service, type VersionMeasure} from '@omni-cli/sdk'
import {type ItemView, itemView, type ListView, listView, type TextLine} from '@omni-cli/sdk/cli'
import {alignRows, type Cell} from '../status/columns.ts'
import {serviceLine} from './service-view.ts'
import {withoutSecrets} from './without-secrets.ts'

/** Exit status of a command whose canary was aborted. */
const ABORTED_EXIT = 9

/** A service and its canary; the shape is stable. */
export interface CanaryReport {
  readonly service: string
  /** The release that serves beside it. */
  readonly release: string | undefined
  readonly canary: Canary
}

export type WithCanary = Service & {readonly canary: Canary}

export const hasCanary = (service: Service): service is WithCanary => service.canary !== undefined

/** All canaries there are, measured side by side. */
export function canariesView(
  services: readonly Service[],
  now: Date,
): ItemView<CanaryReport[]> | ListView<CanaryReport> {
  const reports = services.filter(hasCanary).map(({name, release, canary}) => ({service: name, release, canary}))
  if (reports.length === 0) {
    return listView<CanaryReport>({rows: [], columns: [], ref: refOf, empty: 'no canary runs'})
  }
  return itemView({
    data: reports,
    ref: reports.map(refOf),
    text: (data) => data.flatMap((report, index) => [...(index === 0 ? [] : ['']), ...reportLines(report, now)]),
  })
}

const refOf = ({service}: CanaryReport): string => `service/${service}`

function reportLines(report: CanaryReport, now: Date): TextLine[] {
  const {service, canary} = report
  return [
    [service, ' canary', ...canaryPieces(canary, now)],
    ...measureLines(canary.measures),
    [['try: ', 'dim'], `omni promote ${service}, or omni canary abort ${service}`],
  ]
}

/** What `status` and `describe` show of a service with a canary; nothing without one. */
export function canaryLines({canary}: Pick<Service, 'canary'>, now: Date): TextLine[] {
  return canary === undefined ? [] : [['canary', ...canaryPieces(canary, now)], ...measureLines(canary.measures)]
}

/** One line: release, share, age, and what is waited for. */
export function canaryPieces({release, weight, startedAt, auto, reason}: Canary, now: Date): Exclude<TextLine, string> {
  const age = formatDuration(Math.max(0, now.getTime() - Date.parse(startedAt)))
  const judge = auto ? ', decided by its measures' : ''
  return [
    [` ${release}`, 'warn'],
    ` gets ${weight} % of the requests, for ${age}${judge}`,
    ...(reason === undefined ? [] : [[`: ${reason}`, 'dim'] as const]),
  ]
}

function measureLines(measures: readonly VersionMeasure[]): TextLine[] {
  const header: Cell[] = [
    ...['VERSION', 'RELEASE'].map((text): Cell => ({text, tone: 'dim'})),
    ...['READY', 'REQUESTS', 'ERRORS', 'RATE', 'P95'].map((text): Cell => ({text, tone: 'dim', align: 'right'})),
  ]
  return alignRows([header, ...measures.map(measureRow)])
}

const measureRow = ({version, release, replicas, requests, errors, p95Seconds}: VersionMeasure): Cell[] => [
  {text: version},
  {text: release},
  {text: String(replicas), align: 'right'},
  {text: String(requests), align: 'right'},
  {text: String(errors), align: 'right', tone: errors > 0 ? 'bad' : 'plain'},
  {text: requests === 0 ? '' : `${Math.round((1000 * errors) / requests) / 10} %`, align: 'right'},
  {text: p95Seconds === undefined ? '' : `${Math.round(p95Seconds * 10_000) / 10} ms`, align: 'right'},
]

/** How a canary ended; exit status 9 when it was aborted. */
export function verdictView({verdict, reason, service}: CanaryVerdict): ItemView<CanaryVerdict> {
  return itemView({
    data: {verdict, reason, service: withoutSecrets(service)},
    ref: `service/${service.name}`,
    exitCode: verdict === 'promoted' ? 0 : ABORTED_EXIT,
    text: verdictLines,
  })
}

/** The service as it is now, and why. */
export function verdictLines({verdict, reason, service}: CanaryVerdict): TextLine[] {
  if (verdict === 'promoted')
    return [serviceLine(service, 'serves the promoted canary alone'), [[`  ${reason}`, 'dim']]]
  return [
    [['✖ ', 'bad'], `${service.name}: the canary was aborted: ${reason}`],
    `  release ${service.release ?? '?'} serves with ${service.runningReplicas} of ${service.desiredReplicas} replicas`,
  ]
}

/** `deploy --auto`: the report, with how the canaries ended. */
export function withVerdicts<T extends object>(
  view: ItemView<T>,
  verdicts: readonly CanaryVerdict[],
): ItemView<T & {readonly verdicts: readonly CanaryVerdict[]}> {
  const shown = verdicts.map((end) => ({...end, service: withoutSecrets(end.service)}))
  const isAborted = verdicts.some(({verdict}) => verdict === 'aborted')
  return itemView({
    data: {...view.data, verdicts: shown},
    ref: view.ref,
    exitCode: isAborted ? ABORTED_EXIT : view.exitCode,
    text: (data) => [...view.text(data), ...data.verdicts.flatMap(verdictLines)],
  })
}
