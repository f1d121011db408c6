import type {ApiObject} from '@omni-cli/sdk'
import {at, fieldsAt, listAt, numberAt, textAt} from '../../fields.ts'
import {MAIN_CONTAINER} from './names.ts'
import {isGpuResource} from './resources.ts'

/** What keeps a pod from serving, worst first. */
export const TROUBLES = [
  'image-pull',
  'crash',
  'config',
  'no-model',
  'no-gpus',
  'unschedulable',
  'unready',
  'starting',
] as const
export type TroubleKind = (typeof TROUBLES)[number]

export interface Trouble {
  readonly kind: TroubleKind
  readonly component: string
  readonly pod: string
  /** Name of the container it is about, when it is about one. */
  readonly container?: string | undefined
  /** `engine: cannot pull 'x/y:1': …` */
  readonly message: string
  readonly restarts: number
}

const IMAGE_REASONS = [
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'RegistryUnavailable',
]
const CONFIG_REASONS = ['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError', 'PostStartHookError']

/** Why a pod does not serve; undefined when it does. */
export function troubleOf(pod: ApiObject, component: string): Trouble | undefined {
  const about = {component, pod: pod.metadata.name}
  const containers = containerTroubles(pod, about)
  const found = worst(containers) ?? schedulingTrouble(pod, about)
  if (found !== undefined) return found
  if (isReady(pod)) return undefined
  const phase = textAt(pod, 'status', 'phase')
  const isRunning = phase === 'Running'
  const message = isRunning
    ? `${component}: runs, but is not ready: its server has not answered yet`
    : `${component}: starts`
  return {...about, kind: isRunning ? 'unready' : 'starting', message, restarts: restartsOf(pod)}
}

/** The worst of several: the cause, when others only follow from it. */
export const worst = (troubles: readonly Trouble[]): Trouble | undefined =>
  troubles.toSorted((a, b) => TROUBLES.indexOf(a.kind) - TROUBLES.indexOf(b.kind))[0]

export const isReady = (pod: ApiObject): boolean =>
  listAt(pod, 'status', 'conditions').some(
    (condition) => textAt(condition, 'type') === 'Ready' && textAt(condition, 'status') === 'True',
  )

export const restartsOf = (pod: ApiObject): number =>
  listAt(pod, 'status', 'containerStatuses').reduce<number>(
    (total, status) => total + (numberAt(status, 'restartCount') ?? 0),
    0,
  )

type About = Pick<Trouble, 'component' | 'pod'>

function containerTroubles(pod: ApiObject, about: About): Trouble[] {
  const statuses = [...listAt(pod, 'status', 'initContainerStatuses'), ...listAt(pod, 'status', 'containerStatuses')]
  return statuses.flatMap((status) => {
    const kind = kindOf(status)
    if (kind === undefined) return []
    const container = textAt(status, 'name') ?? MAIN_CONTAINER
    const restarts = numberAt(status, 'restartCount') ?? 0
    return [{...about, kind, container, restarts, message: `${about.component}: ${wordsFor(kind, status, container)}`}]
  })
}

function kindOf(status: unknown): TroubleKind | undefined {
  const reason = textAt(status, 'state', 'waiting', 'reason')
  if (reason === undefined) return undefined
  if (IMAGE_REASONS.includes(reason)) return 'image-pull'
  if (CONFIG_REASONS.includes(reason)) return 'config'
  return reason === 'CrashLoopBackOff' ? 'crash' : undefined
}

function wordsFor(kind: TroubleKind, status: unknown, container: string): string {
  const waiting = at(status, 'state', 'waiting')
  const reason = textAt(waiting, 'reason') ?? ''
  const message = textAt(waiting, 'message')
  const name = container === MAIN_CONTAINER ? 'its program' : `container '${container}'`
  if (kind === 'crash') {
    const last = at(status, 'lastState', 'terminated')
    const code = numberAt(last, 'exitCode')
    const why = textAt(last, 'reason') === 'OOMKilled' ? ', out of memory' : ''
    const exit = code === undefined ? '' : ` with exit code ${code}${why}`
    return `${name} ends${exit} again and again (${numberAt(status, 'restartCount') ?? 0} restarts)`
  }
  if (kind === 'image-pull') {
    const image = textAt(status, 'image') ?? ''
    return `cannot pull the image '${image}' (${reason})${message === undefined ? '' : `: ${message}`}`
  }
  return `${name} cannot start (${reason})${message === undefined ? '' : `: ${message}`}`
}

function schedulingTrouble(pod: ApiObject, about: About): Trouble | undefined {
  const condition = listAt(pod, 'status', 'conditions').find(
    (one) => textAt(one, 'type') === 'PodScheduled' && textAt(one, 'status') === 'False',
  )
  if (condition === undefined) return undefined
  const told = textAt(condition, 'message') ?? 'no node can take the pod'
  const model = modelOf(pod)
  const isSelector = /node selector|node affinity/i.test(told)
  if (model !== undefined && isSelector && !/Insufficient/.test(told)) {
    const message = `${about.component}: no usable node has the files of model '${model}' yet: ${told}`
    return {...about, kind: 'no-model', message, restarts: 0}
  }
  const isGpu = /Insufficient (\S+)/g
  const lacks = [...told.matchAll(isGpu)].map(([, resource = '']) => resource.replace(/[.,]$/, ''))
  const kind = lacks.some(isGpuResource) ? 'no-gpus' : 'unschedulable'
  const words = kind === 'no-gpus' ? 'no node has enough free devices' : 'no node can take it'
  return {...about, kind, message: `${about.component}: ${words}: ${told}`, restarts: 0}
}

/** The model that a pod wants on its node, as its node selector says it. */
function modelOf(pod: ApiObject): string | undefined {
  const keys = Object.keys(fieldsAt(pod, 'spec', 'nodeSelector'))
  return keys
    .map((key) => /^models\.ome\.io\/(?:clusterbasemodel|[^.]+\.basemodel)\.(.+)$/.exec(key)?.[1])
    .find((model) => model !== undefined)
}
