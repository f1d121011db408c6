import type {ExitInfo, Replica, ReplicaStatus, ServiceFailure} from '@omni-cli/sdk'
import {CONTAINER, RELEASE_LABEL} from './names.ts'
import type {ContainerStatus, PodObject, Terminated} from './wire.ts'

export const isLeaving = (pod: PodObject): boolean => pod.metadata.deletionTimestamp !== undefined

/** It has ended, e.g. evicted: it is no replica any more. */
export const isOver = ({status}: PodObject): boolean => status?.phase === 'Failed' || status?.phase === 'Succeeded'

/** Nothing of it runs any more; the kubelet may take its time to take the pod away. */
export function hasEnded(pod: PodObject): boolean {
  const statuses = pod.status?.containerStatuses ?? []
  const isDead = statuses.length > 0 && statuses.every(({state}) => state?.terminated !== undefined)
  return isOver(pod) || (isLeaving(pod) && (isDead || pod.spec.nodeName === undefined))
}

export const isReady = (pod: PodObject): boolean =>
  !isLeaving(pod) && pod.status?.conditions?.some(({type, status}) => type === 'Ready' && status === 'True') === true

export const containerOf = ({status}: PodObject): ContainerStatus | undefined =>
  status?.containerStatuses?.find(({name}) => name === CONTAINER)

/** How a container ended. Statuses above 128 are signals, by the custom of shells and of the kubelet. */
export function exitOf(terminated: Terminated | undefined): ExitInfo | undefined {
  if (terminated === undefined) return undefined
  const at = terminated.finishedAt ?? new Date(0).toISOString()
  const oomKilled = terminated.reason === 'OOMKilled'
  const code = terminated.exitCode ?? 0
  const signal = terminated.signal || (oomKilled || code === 137 ? 9 : code === 143 ? 15 : 0)
  const how = signal === 0 ? {code} : {signal: SIGNALS[signal] ?? `SIG${signal}`}
  return {...how, at, ...(oomKilled ? {oomKilled} : {})}
}

const SIGNALS: Readonly<Record<number, string>> = {
  2: 'SIGINT',
  6: 'SIGABRT',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  15: 'SIGTERM',
}

const PULL_REASONS = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'RegistryUnavailable',
])
const CREATE_REASONS = new Set([
  ...['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError', 'ContainerCannotRun'],
  ...['PreCreateHookError', 'PreStartHookError', 'PostStartHookError'],
])

export interface Trouble extends Pick<ServiceFailure, 'reason' | 'message' | 'exit' | 'restarts'> {
  /** It will not become well by waiting. */
  readonly isFinal: boolean
  /** The last output is that of the container before. */
  readonly isPrevious: boolean
}

/** What keeps a pod from being ready; undefined when nothing is known to. */
export function troubleOf(pod: PodObject): Trouble | undefined {
  const status = containerOf(pod)
  const restarts = status?.restartCount ?? 0
  const waiting = status?.state?.waiting
  const reason = waiting?.reason ?? ''
  const ended = status?.state?.terminated
  const exit = exitOf(ended ?? status?.lastState?.terminated)
  const rest = {restarts, ...(exit === undefined ? {} : {exit}), isPrevious: ended === undefined && exit !== undefined}
  if (PULL_REASONS.has(reason)) {
    const message = waiting?.message ?? 'the image cannot be pulled'
    return {...rest, reason: 'ImagePullError', message, isFinal: reason !== 'ErrImagePull'}
  }
  if (CREATE_REASONS.has(reason)) {
    return {...rest, reason: 'StartFailed', message: waiting?.message ?? reason, isFinal: true}
  }
  if (exit !== undefined && (ended !== undefined || waiting !== undefined || restarts > 0)) {
    const isFinal = reason === 'CrashLoopBackOff' || restarts > 1 || (ended !== undefined && restarts > 0)
    return {...rest, ...crash(exit), isFinal}
  }
  if (reason === 'CrashLoopBackOff') {
    return {...rest, reason, message: 'the program ends again and again', isFinal: true}
  }
  return unscheduled(pod) ?? evicted(pod)
}

function crash(exit: ExitInfo): Pick<ServiceFailure, 'reason' | 'message'> {
  if (exit.oomKilled === true) return {reason: 'OOMKilled', message: 'it used more memory than its limit'}
  const how = exit.code === undefined ? `was ended by ${exit.signal}` : `exited with code ${exit.code}`
  return {reason: 'CrashLoopBackOff', message: `the program ${how}`}
}

function unscheduled({status}: PodObject): Trouble | undefined {
  const condition = status?.conditions?.find(({type}) => type === 'PodScheduled')
  if (condition?.status !== 'False' || condition.reason !== 'Unschedulable') return undefined
  const message = condition.message ?? 'no node has room for it'
  return {reason: 'Unschedulable', message, restarts: 0, isFinal: false, isPrevious: false}
}

function evicted({status}: PodObject): Trouble | undefined {
  if (status?.phase !== 'Failed') return undefined
  const message = status.message ?? 'the pod has failed'
  return {reason: status.reason ?? 'Failed', message, restarts: 0, isFinal: false, isPrevious: false}
}

function statusOf(pod: PodObject): ReplicaStatus {
  if (isLeaving(pod)) return 'stopping'
  if (isReady(pod)) return 'ready'
  const {state, restartCount = 0} = containerOf(pod) ?? {}
  if (state?.running !== undefined) return restartCount > 0 || wasReady(pod) ? 'unready' : 'starting'
  if (state?.terminated !== undefined) return 'exited'
  return state?.waiting?.reason?.endsWith('BackOff') === true ? 'backoff' : 'starting'
}

/** Its container runs for longer than the pod is not ready. */
function wasReady({status}: PodObject): boolean {
  const condition = status?.conditions?.find(({type}) => type === 'Ready')
  const started = containerOf({status} as PodObject)?.state?.running?.startedAt
  return started !== undefined && (condition?.lastTransitionTime ?? '') > started
}

export interface Usage {
  readonly cpuPercent: number
  readonly memoryBytes: number
}

export function toReplica(
  pod: PodObject,
  place: {readonly name: string; readonly index: number},
  usage?: Usage,
): Replica {
  const container = containerOf(pod)
  const {podIP} = pod.status ?? {}
  const startedAt = container?.state?.running?.startedAt
  const lastExit = exitOf(container?.state?.terminated ?? container?.lastState?.terminated)
  const port = portOf(pod)
  return {
    ...place,
    status: statusOf(pod),
    release: pod.metadata.labels?.[RELEASE_LABEL] ?? '',
    ...(podIP === undefined ? {} : {address: port === undefined ? podIP : `${podIP}:${port}`}),
    ...(startedAt === undefined ? {} : {startedAt}),
    restarts: container?.restartCount ?? 0,
    ...(pod.spec.nodeName === undefined ? {} : {node: pod.spec.nodeName}),
    ...usage,
    ...(lastExit === undefined ? {} : {lastExit}),
  }
}

const portOf = ({spec}: PodObject): number | undefined =>
  spec.containers.find(({name}) => name === CONTAINER)?.ports?.[0]?.containerPort
