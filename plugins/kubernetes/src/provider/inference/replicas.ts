import type {ApiObject, ExitInfo, Replica, ReplicaStatus} from '@omni-cli/sdk'
import {at, listAt, numberAt, textAt} from '../../fields.ts'
import {numberPods} from '../pods/order.ts'
import {DEFAULT_PORT} from './names.ts'
import {isReady, restartsOf, troubleOf} from './trouble.ts'

/** Pods as replicas, called as logs and exec call them. */
export const replicasOf = (service: string, pods: readonly ApiObject[]): Replica[] =>
  numberPods(service, pods).map(({replica, index, pod}) => replicaOf(replica, index, pod))

function replicaOf(name: string, index: number, pod: ApiObject): Replica {
  const ip = textAt(pod, 'status', 'podIP')
  const startedAt = textAt(pod, 'status', 'startTime')
  const node = textAt(pod, 'spec', 'nodeName')
  const lastExit = lastExitOf(pod)
  return {
    ...{name, index, status: statusOf(pod), restarts: restartsOf(pod)},
    release: textAt(pod, 'metadata', 'labels', 'pod-template-hash') ?? '',
    ...(ip === undefined ? {} : {address: `${ip}:${portOf(pod)}`}),
    ...(startedAt === undefined ? {} : {startedAt}),
    ...(node === undefined ? {} : {node}),
    ...(lastExit === undefined ? {} : {lastExit}),
  }
}

/** First port of its containers. */
export const portOf = (pod: ApiObject): number =>
  listAt(pod, 'spec', 'containers')
    .map((container) => numberAt(container, 'ports', 0, 'containerPort'))
    .find((port) => port !== undefined) ?? DEFAULT_PORT

function statusOf(pod: ApiObject): ReplicaStatus {
  if (at(pod, 'metadata', 'deletionTimestamp') !== undefined) return 'stopping'
  const phase = textAt(pod, 'status', 'phase')
  if (phase === 'Succeeded' || phase === 'Failed') return 'exited'
  if (isReady(pod)) return 'ready'
  const trouble = troubleOf(pod, '')
  if (trouble !== undefined && ['image-pull', 'crash', 'config'].includes(trouble.kind)) return 'backoff'
  return trouble?.kind === 'unready' && trouble.restarts > 0 ? 'unready' : 'starting'
}

/** How the container that ended last did so. */
function lastExitOf(pod: ApiObject): ExitInfo | undefined {
  const ends = listAt(pod, 'status', 'containerStatuses').flatMap((status) => {
    const end = at(status, 'lastState', 'terminated') ?? at(status, 'state', 'terminated')
    const finished = textAt(end, 'finishedAt')
    return finished === undefined ? [] : [{end, finished}]
  })
  const last = ends.toSorted((a, b) => a.finished.localeCompare(b.finished)).at(-1)
  if (last === undefined) return undefined
  const code = numberAt(last.end, 'exitCode')
  return {
    at: last.finished,
    ...(code === undefined ? {} : {code}),
    ...(textAt(last.end, 'reason') === 'OOMKilled' ? {oomKilled: true} : {}),
  }
}
