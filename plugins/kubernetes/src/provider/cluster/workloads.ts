import type {ApiObject, WorkloadRequests} from '@omni-cli/sdk'
import {SERVICE_LABEL} from '../apps/names.ts'
import {podRequest, sumOf} from './amounts.ts'
import {isUnfinished} from './capacity.ts'
import {labelsOf, type PodWire} from './wire.ts'

/** What pods that are not finished ask for, by their topmost owner; most devices first, then most memory. Pure. */
export function workloadsOf(pods: readonly ApiObject[]): WorkloadRequests[] {
  const groups = Map.groupBy(pods.filter(isUnfinished), (pod) => `${pod.metadata.namespace ?? ''} ${ownerOf(pod)}`)
  const found = [...groups.values()].flatMap((group: readonly PodWire[]) => {
    const [first] = group
    if (first === undefined) return []
    const nodes = new Set(group.flatMap(({spec}) => spec?.nodeName ?? []))
    return {
      namespace: first.metadata.namespace ?? '',
      ref: ownerOf(first),
      pods: group.length,
      requested: sumOf(group.map(podRequest)),
      nodes: [...nodes].toSorted(),
    }
  })
  return found.toSorted(bySize)
}

const bySize = (a: WorkloadRequests, b: WorkloadRequests): number =>
  b.requested.gpus - a.requested.gpus ||
  b.requested.memoryBytes - a.requested.memoryBytes ||
  b.requested.cpus - a.requested.cpus ||
  a.namespace.localeCompare(b.namespace) ||
  a.ref.localeCompare(b.ref)

/** The name that people know it by. Labels tell it without a look at every owner in between. */
export function ownerOf(pod: PodWire): string {
  const labels = labelsOf(pod)
  const isvc = labels['ome.io/inferenceservice']
  if (isvc !== undefined) return `isvc/${isvc}`
  const service = labels[SERVICE_LABEL]
  if (service !== undefined) return `service/${service}`
  const group = labels['leaderworkerset.sigs.k8s.io/name']
  if (group !== undefined) return `LeaderWorkerSet/${group}`
  const owner = controllerOf(pod)
  if (owner === undefined) return `Pod/${pod.metadata.name}`
  const hash = labels['pod-template-hash']
  const isOfDeployment = owner.kind === 'ReplicaSet' && hash !== undefined && owner.name.endsWith(`-${hash}`)
  return isOfDeployment ? `Deployment/${owner.name.slice(0, -hash.length - 1)}` : `${owner.kind}/${owner.name}`
}

function controllerOf({metadata}: ApiObject): {readonly kind: string; readonly name: string} | undefined {
  const owners: readonly unknown[] = Array.isArray(metadata.ownerReferences) ? metadata.ownerReferences : []
  return owners.filter(isController).at(0)
}

const isController = (owner: unknown): owner is {readonly kind: string; readonly name: string} =>
  typeof owner === 'object' &&
  owner !== null &&
  'kind' in owner &&
  typeof owner.kind === 'string' &&
  'name' in owner &&
  typeof owner.name === 'string' &&
  'controller' in owner &&
  owner.controller === true
