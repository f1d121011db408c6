import {type CallOptions, type ObjectKind, OmniError} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import type {PodGroup} from '../flavour.ts'
import {findReplica, isOver, type NumberedPod, numberPods, type OrderedPod} from './order.ts'

export interface ContainerEnd {
  readonly exitCode?: number | undefined
  readonly signal?: number | undefined
  /** `OOMKilled`, `Error`, `Completed` */
  readonly reason?: string | undefined
  readonly message?: string | undefined
  readonly finishedAt?: string | undefined
}

export interface ContainerState {
  readonly waiting?: {readonly reason?: string | undefined; readonly message?: string | undefined} | undefined
  readonly running?: {readonly startedAt?: string | undefined} | undefined
  readonly terminated?: ContainerEnd | undefined
}

export interface ContainerStatus {
  readonly name: string
  readonly ready?: boolean | undefined
  readonly started?: boolean | undefined
  readonly restartCount?: number | undefined
  readonly image?: string | undefined
  readonly state?: ContainerState | undefined
  readonly lastState?: ContainerState | undefined
}

export interface PodContainer {
  readonly name: string
  readonly image?: string | undefined
  readonly command?: readonly string[] | undefined
  readonly args?: readonly string[] | undefined
  readonly env?: readonly {readonly name: string; readonly value?: string | undefined}[] | undefined
  readonly ports?:
    | readonly {readonly name?: string | undefined; readonly containerPort?: number | undefined}[]
    | undefined
  readonly resources?:
    | {
        readonly requests?: Readonly<Record<string, string>> | undefined
        readonly limits?: Readonly<Record<string, string>> | undefined
      }
    | undefined
}

export interface PodCondition {
  readonly type: string
  readonly status: string
  readonly reason?: string | undefined
  readonly message?: string | undefined
}

/** What is read of a pod. All may be missing: it comes from elsewhere. */
export interface Pod extends OrderedPod {
  readonly spec?:
    | {
        readonly nodeName?: string | undefined
        readonly nodeSelector?: Readonly<Record<string, string>> | undefined
        readonly containers?: readonly PodContainer[] | undefined
        readonly initContainers?: readonly PodContainer[] | undefined
      }
    | undefined
  readonly status?:
    | {
        readonly phase?: string | undefined
        readonly reason?: string | undefined
        readonly message?: string | undefined
        readonly podIP?: string | undefined
        readonly conditions?: readonly PodCondition[] | undefined
        readonly containerStatuses?: readonly ContainerStatus[] | undefined
        readonly initContainerStatuses?: readonly ContainerStatus[] | undefined
      }
    | undefined
}

/** Known without asking the server what it serves. */
export const POD_KIND: ObjectKind = {
  ...{group: '', version: 'v1', kind: 'Pod', plural: 'pods', singular: 'pod', short: ['po'], namespaced: true},
  verbs: ['get', 'list', 'watch', 'create', 'delete'],
}

export type PodsOf = (name: string, options?: CallOptions) => Promise<PodGroup | undefined>

export async function requireGroup(podsOf: PodsOf, name: string, options: CallOptions): Promise<PodGroup> {
  const group = await podsOf(name, options)
  if (group !== undefined) return group
  throw new OmniError('NOT_FOUND', `there is no service '${name}'`, {hint: 'omni get services'})
}

/** `a=b,c=d` as a record, which is what listing takes. */
export function selectorLabels(selector: string): Record<string, string> {
  const pairs = selector.split(',').map((pair) => pair.split('='))
  return Object.fromEntries(pairs.map((pair): [string, string] => [pair[0] ?? '', pair.at(-1) ?? '']))
}

export const hasLabels = ({metadata}: OrderedPod, wanted: Readonly<Record<string, string>>): boolean => {
  const labels = typeof metadata.labels === 'object' && metadata.labels !== null ? {...metadata.labels} : {}
  const own = new Map<string, unknown>(Object.entries(labels))
  return Object.entries(wanted).every(([key, value]) => own.get(key) === value)
}

/** Pods of the service as replicas. */
export async function listReplicas(
  client: Pick<KubeClient, 'list'>,
  group: PodGroup,
  {signal}: CallOptions,
): Promise<NumberedPod<Pod>[]> {
  const {namespace, selector, service} = group
  return numberPods(service, await client.list<Pod>(POD_KIND, {namespace, labels: selectorLabels(selector), signal}))
}

/** NOT_FOUND that names those there are. */
export function requireReplica(
  numbered: readonly NumberedPod<Pod>[],
  service: string,
  wanted: string,
): NumberedPod<Pod> {
  const found = findReplica(numbered, wanted)
  if (found !== undefined) return found
  const names = numbered.map(({replica}) => replica)
  const those =
    names.length === 0 ? 'it has none' : `it has ${names.slice(0, 8).join(', ')}${names.length > 8 ? ', …' : ''}`
  throw new OmniError('NOT_FOUND', `'${service}' has no replica '${wanted}'; ${those}`, {
    hint: `omni status service ${service}`,
  })
}

/** The container that is meant in this pod. */
export function containerOf({metadata, spec}: Pod, {container}: PodGroup): string | undefined {
  const names = (spec?.containers ?? []).map(({name}) => name)
  const annotations = typeof metadata.annotations === 'object' ? metadata.annotations : undefined
  const chosen = new Map<string, unknown>(Object.entries(annotations ?? {})).get(
    'kubectl.kubernetes.io/default-container',
  )
  return [container, chosen, names[0]].find((name): name is string => typeof name === 'string' && names.includes(name))
}

export const isReady = (pod: Pod): boolean =>
  !isOver(pod) && (pod.status?.conditions ?? []).some(({type, status}) => type === 'Ready' && status === 'True')

export const isRunning = (pod: Pod): boolean => !isOver(pod) && pod.status?.phase === 'Running'
