import type {ApiObject} from '@omni-cli/sdk'
import {at, listAt, textAt} from '../../../fields.ts'
import type {ClusterEvent} from '../../pods/event-map.ts'
import {timeOf} from '../../pods/event-map.ts'
import {isOver} from '../../pods/order.ts'
import type {ContainerEnd, ContainerStatus, Pod} from '../../pods/pod.ts'
import type {Facts} from './facts.ts'
import type {Found} from './rule.ts'

/** One container of one pod of the service. */
export interface SeenContainer {
  readonly pod: Pod
  readonly name: string
  readonly isInit: boolean
  readonly status: ContainerStatus
  readonly image: string
}

/** `web-5d8f-x2v1/web` */
export const placeOf = ({pod, name}: SeenContainer): string => `${pod.metadata.name}/${name}`

/** Containers of pods that are not being deleted. */
export const containersIn = ({pods}: Facts): SeenContainer[] =>
  pods
    .filter(({metadata}) => metadata.deletionTimestamp === undefined)
    .flatMap((pod) => {
      const {initContainerStatuses = [], containerStatuses = []} = pod.status ?? {}
      const seen = (isInit: boolean) => (status: ContainerStatus) => ({
        ...{pod, status, isInit, name: status.name},
        image: imageIn(pod, status),
      })
      return [...initContainerStatuses.map(seen(true)), ...containerStatuses.map(seen(false))]
    })

function imageIn({spec}: Pod, {name, image}: ContainerStatus): string {
  const all = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]
  return all.find((container) => container.name === name)?.image ?? image ?? '?'
}

/** Containers that wait for one of these reasons. */
export const waitingFor = (facts: Facts, reasons: readonly string[]): SeenContainer[] =>
  containersIn(facts).filter(({status}) => reasons.includes(status.state?.waiting?.reason ?? ''))

export const waitingText = ({status}: SeenContainer): string => {
  const {reason = '', message = ''} = status.state?.waiting ?? {}
  return message === '' ? reason : `${reason}: ${message}`
}

/** How it ended last. */
export const lastEnd = ({status}: SeenContainer): ContainerEnd | undefined =>
  status.state?.terminated ?? status.lastState?.terminated

/** Texts of events with such a reason, the newest first, each once. */
export function eventTexts({events}: Facts, reason: RegExp, message = /(?:)/): string[] {
  const found = events
    .filter((event) => reason.test(event.reason ?? '') && message.test(event.message ?? ''))
    .toSorted((a, b) => timeOf(b).localeCompare(timeOf(a)))
  return [...new Set(found.map(describeEvent))]
}

const describeEvent = ({involvedObject, message = ''}: ClusterEvent): string =>
  `${involvedObject?.kind ?? '?'}/${involvedObject?.name ?? '?'}: ${message.trim()}`

/** Why the scheduler has placed a pod nowhere. */
export const unscheduled = ({pods}: Facts): {readonly pod: Pod; readonly message: string}[] =>
  pods
    .filter((pod) => !isOver(pod))
    .flatMap((pod) => {
      const scheduled = pod.status?.conditions?.find(({type}) => type === 'PodScheduled')
      return scheduled?.status === 'False' ? [{pod, message: scheduled.message ?? scheduled.reason ?? ''}] : []
    })

export type Waiting = ReturnType<typeof unscheduled>[number]

/** What the scheduler says of each of these pods. */
export const evidenceOf = (waiting: readonly Waiting[]): string[] =>
  some([...new Set(waiting.map(({pod, message}) => `${pod.metadata.name}: ${message}`))], 3)

/** One finding for everything that the same thing is true of. */
export const together = <T>(items: readonly T[], found: (items: readonly [T, ...T[]]) => Found): readonly Found[] => {
  const [first, ...others] = items
  return first === undefined ? [] : [found([first, ...others])]
}

/** Last lines of a container, when they were read. */
export const linesOf = (facts: Facts, {pod, name}: SeenContainer): readonly string[] =>
  facts.logs.find((one) => one.pod === pod.metadata.name && one.container === name)?.lines ?? []

/** Lines of all logs that were read that say this, with the place in front. */
export const linesWith = ({logs}: Facts, pattern: RegExp): string[] =>
  logs.flatMap(({pod, lines}) => lines.filter((line) => pattern.test(line)).map((line) => `${pod}: ${line.trim()}`))

/** The operator's last failure. */
export const failureIn = ({
  service,
}: Pick<Facts, 'service'>): {readonly reason: string; readonly message: string} | undefined => {
  const reason = textAt(service, 'status', 'modelStatus', 'lastFailureInfo', 'reason')
  const message = textAt(service, 'status', 'modelStatus', 'lastFailureInfo', 'message') ?? ''
  return reason === undefined ? undefined : {reason, message}
}

export const conditionOf = (object: unknown, type: string): unknown =>
  listAt(object, 'status', 'conditions').find((condition) => textAt(condition, 'type') === type)

export const isTrue = (condition: unknown): boolean => textAt(condition, 'status') === 'True'

/** How many replicas a Deployment wants. */
export const wantedOf = (deployment: ApiObject): number => {
  const replicas = at(deployment, 'spec', 'replicas')
  return typeof replicas === 'number' ? replicas : 1
}

export const modelNameOf = ({service}: Pick<Facts, 'service'>): string | undefined =>
  textAt(service, 'spec', 'model', 'name')
export const runtimeNameOf = ({service}: Pick<Facts, 'service'>): string | undefined =>
  textAt(service, 'spec', 'runtime', 'name')

/** At most so many, and how many more there are. */
export const some = (texts: readonly string[], count = 5): string[] =>
  texts.length <= count ? [...texts] : [...texts.slice(0, count), `… and ${texts.length - count} more`]
