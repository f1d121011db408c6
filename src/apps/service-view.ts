import type {Service, ServiceFailure, ServiceStatus} from '@omni-cli/sdk'
import {type ItemView, itemView, listView, type TextLine, type Tone, type View} from '@omni-cli/sdk/cli'
import {withoutSecrets} from './without-secrets.ts'

export const STATUS_TONE = {
  running: 'good',
  deploying: 'warn',
  degraded: 'bad',
  failed: 'bad',
  stopped: 'dim',
} as const satisfies Record<ServiceStatus, Tone>

/** Where a person opens it: its domain, else its own port, which works in every program; '' when it has no address. */
export function urlOf({endpoints}: Service): string {
  const domain = endpoints.find(({via, url}) => via === 'domain' && !isLocalName(url))
  const own = endpoints.find(({via}) => via === 'local')
  return (domain ?? own ?? endpoints[0])?.url ?? ''
}

/** Browsers know names under `.localhost`, most other programs do not. */
const isLocalName = (url: string): boolean => new URL(url).hostname.endsWith('.localhost')

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
    return itemView({
      data: withoutSecrets(first),
      ref: `service/${first.name}`,
      text: (service) => [serviceLine(service, verb)],
    })
  }
  return listView({
    rows: services,
    ref: ({name}) => `service/${name}`,
    data: withoutSecrets,
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

/** Reason and message in one line, with the exit unless the message tells it. */
export function failureText(failure: Pick<ServiceFailure, 'reason' | 'message' | 'exit'>): string {
  const exit = exitText(failure)
  const {code, signal} = failure.exit ?? {}
  const isTold = failure.message.includes(code === undefined ? (signal ?? '') : `code ${code}`)
  return `${failure.reason}: ${failure.message}${exit === '' || isTold ? '' : ` (${exit})`}`
}

/** Reason, exit and last lines of a failure, indented. */
export function failureLines(failure: ServiceFailure, indent: string): TextLine[] {
  const restarts = failure.restarts > 0 ? `, ${failure.restarts} restarts` : ''
  return [
    [indent, [failureText(failure), 'bad'], restarts],
    ...failure.lastLines.map((line): TextLine => [indent, ['│ ', 'dim'], line]),
  ]
}
