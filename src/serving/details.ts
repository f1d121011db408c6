import {formatBytes, type ServedModel, type Service, type ServingComponent} from '@omni-cli/sdk'
import type {TextLine} from '@omni-cli/sdk/cli'
import {STATUS_TONE, urlOf} from '../apps/service-view.ts'
import {alignRows, type Cell} from '../status/columns.ts'

export type ServingService = Service & {readonly serving: ServedModel}

export const isServing = (service: Service): service is ServingService => service.serving !== undefined

/** A served model for a person: what it serves, with what, how far it is, and why it is not ready. */
export function servingLines(service: ServingService): TextLine[] {
  const {serving, status} = service
  const {reason, components} = serving
  return [
    fact('Service', service.name),
    ...optionalFact('Namespace', service.project),
    fact('Model', modelText(serving)),
    fact('Runtime', runtimeText(serving)),
    [
      ['Status:     ', 'dim'],
      [status, STATUS_TONE[status]],
      ` (${service.runningReplicas}/${service.desiredReplicas} replicas)`,
    ],
    ...(reason === undefined
      ? []
      : [
          [
            ['Why:        ', 'dim'],
            [reason, 'bad'],
          ] satisfies TextLine,
        ]),
    ...optionalFact('URL', urlOf(service)),
    ...optionalFact('Traffic', trafficText(serving)),
    ...optionalFact('Mode', serving.mode),
    ...(serving.gpus === 0 ? [] : [fact('GPUs', String(serving.gpus))]),
    ...(components.length === 0 ? [] : ['', ...componentLines(components)]),
    ...(reason === undefined ? [] : ['', [['try: ', 'dim'], `omni debug service ${service.name}`] satisfies TextLine]),
  ]
}

const WIDTH = 12

const fact = (key: string, value: string): TextLine => [[`${key}:`.padEnd(WIDTH), 'dim'], value]

const optionalFact = (key: string, value: string | undefined): TextLine[] =>
  value === undefined || value === '' ? [] : [fact(key, value)]

/** `llama-3-3-70b (70.55B, meta)` */
function modelText({model, size, vendor}: ServedModel): string {
  const about = [size, vendor].filter((part) => part !== undefined)
  return `${model ?? 'none is named'}${about.length === 0 ? '' : ` (${about.join(', ')})`}`
}

const runtimeText = ({runtime, runtimeBy}: ServedModel): string =>
  runtime === undefined ? 'not chosen yet' : `${runtime}${runtimeBy === 'selected' ? ' (chosen by the operator)' : ''}`

const trafficText = ({traffic = []}: ServedModel): string =>
  traffic.map(({revision, percent}) => `${percent}% → ${revision}`).join(', ')

function componentLines(components: readonly ServingComponent[]): TextLine[] {
  const head = (text: string): Cell => ({text, tone: 'dim'})
  const header = [...['COMPONENT', 'READY', 'SIZE', 'GPUS', 'MEMORY', 'WHY NOT READY'].map(head)]
  const rows = components.map(({name, ready, desired, minReplicas, maxReplicas, gpus, memoryBytes, reason}): Cell[] => [
    {text: name},
    {text: `${ready}/${desired}`, tone: ready >= desired ? 'good' : 'bad'},
    {text: sizeText(minReplicas, maxReplicas)},
    {text: gpus === 0 ? '' : String(gpus)},
    {text: memoryBytes === undefined ? '' : formatBytes(memoryBytes)},
    {text: reason ?? ''},
  ])
  // A column that says nothing of any part is left out.
  const isTold = header.map((_, column) => rows.some((row) => row[column]?.text !== ''))
  return alignRows([header, ...rows].map((row) => row.filter((_, column) => isTold[column])))
}

/** `1-3`, `2`. */
function sizeText(min: number | undefined, max: number | undefined): string {
  if (min === undefined && max === undefined) return ''
  return min === max || max === undefined ? String(min ?? max) : `${min ?? 1}-${max}`
}
