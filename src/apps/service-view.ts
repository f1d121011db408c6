import type {Service, ServiceFailure, ServiceStatus} from '@omni-cli/sdk'
import {type ItemView, itemView, listView, type TextLine, type Tone, type View} from '@omni-cli/sdk/cli'

export const STATUS_TONE = {
  running: 'good',
  deploying: 'warn',
  degraded: 'bad',
  failed: 'bad',
  stopped: 'dim',
} as const satisfies Record<ServiceStatus, Tone>

/** Where a person opens it: its first address, or '' when it has none. */
export const urlOf = (service: Service): string =>
  (service.endpoints.find(({via}) => via === 'domain') ?? service.endpoints[0])?.url ?? ''

/** `running`, 3/3 and the address, in one line. */
export function serviceLine(service: Service, verb: string): TextLine {
  const url = urlOf(service)
  return [
    ['✔ ', 'good'],
    `${service.name} ${verb}`,
    [`  ${service.status} ${service.runningReplicas}/${service.desiredReplicas}`, STATUS_TONE[service.status]],
    ...(url === '' ? [] : [`  ${url}`]),
  ]
}

/** What an act on services answers: the service for one, the services for several. */
export function actView(services: readonly Service[], verb: string): View<Service> | ItemView<Service[]> {
  const [first, ...others] = services
  if (first !== undefined && others.length === 0) {
    return itemView({data: first, ref: `service/${first.name}`, text: (service) => [serviceLine(service, verb)]})
  }
  return listView({
    rows: services,
    ref: ({name}) => `service/${name}`,
    empty: 'there are no services',
    columns: [
      {header: 'NAME', value: ({name}) => name},
      {header: 'STATUS', value: ({status}) => status, tone: ({status}) => STATUS_TONE[status]},
      {header: 'READY', value: ({runningReplicas, desiredReplicas}) => `${runningReplicas}/${desiredReplicas}`},
      {header: 'URL', value: urlOf},
    ],
  })
}

/** `exit code 3`, `signal SIGKILL (out of memory)`, or '' when nobody saw it. */
export function exitText(failure: Pick<ServiceFailure, 'exit'>): string {
  const {exit} = failure
  if (exit?.code !== undefined) return `exit code ${exit.code}`
  if (exit?.signal === undefined) return ''
  return `signal ${exit.signal}${exit.oomKilled === true ? ' (out of memory)' : ''}`
}

/** Reason, exit and last lines of a failure, indented. */
export function failureLines(failure: ServiceFailure, indent: string): TextLine[] {
  const exit = exitText(failure)
  const restarts = failure.restarts > 0 ? `, ${failure.restarts} restarts` : ''
  return [
    [
      indent,
      [failure.reason, 'bad'],
      `: ${failure.message}${exit === '' || failure.message.includes(exit) ? '' : ` (${exit})`}${restarts}`,
    ],
    ...failure.lastLines.map((line): TextLine => [indent, ['│ ', 'dim'], line]),
  ]
}
