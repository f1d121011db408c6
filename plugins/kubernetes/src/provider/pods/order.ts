import type {ApiObject} from '@omni-cli/sdk'

/** What the order of pods depends on. */
export interface OrderedPod extends ApiObject {
  readonly status?: {readonly phase?: string | undefined} | undefined
}

export interface NumberedPod<Pod extends OrderedPod> {
  /** `web-0` */
  readonly replica: string
  readonly index: number
  readonly pod: Pod
}

/**
 * Pods as replicas: `<service>-0` is the oldest that lives. Those that are being deleted or have ended come last, so that
 * the numbers of the others do not depend on them; equal ages are ordered by name.
 */
export function numberPods<Pod extends OrderedPod>(service: string, pods: readonly Pod[]): NumberedPod<Pod>[] {
  const ordered = pods.toSorted(
    (a, b) =>
      Number(isOver(a)) - Number(isOver(b)) || compare(createdAt(a), createdAt(b)) || compare(nameOf(a), nameOf(b)),
  )
  return ordered.map((pod, index) => ({replica: `${service}-${index}`, index, pod}))
}

/** The pod that `web-1`, `1` or the name of a pod means. */
export function findReplica<Pod extends OrderedPod>(
  numbered: readonly NumberedPod<Pod>[],
  wanted: string,
): NumberedPod<Pod> | undefined {
  const byPod = numbered.find(({pod}) => pod.metadata.name === wanted)
  return byPod ?? numbered.find(({replica, index}) => replica === wanted || String(index) === wanted)
}

/** It is being deleted, or has ended for good. */
export function isOver({metadata, status}: OrderedPod): boolean {
  return metadata.deletionTimestamp !== undefined || status?.phase === 'Succeeded' || status?.phase === 'Failed'
}

const createdAt = ({metadata}: OrderedPod): string =>
  typeof metadata.creationTimestamp === 'string' ? metadata.creationTimestamp : ''

const nameOf = ({metadata}: OrderedPod): string => metadata.name

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
