import type {ApiObject, ServingComponent} from '@omni-cli/sdk'
import {at, isFields, listAt, numberAt, textAt, textMapAt} from '../../fields.ts'
import {COMPONENTS, type ComponentName, componentObject, LABEL} from './names.ts'
import {addNeeds, type PodNeeds, podNeeds} from './resources.ts'
import {type Trouble, troubleOf, worst} from './trouble.ts'

/** An InferenceService with everything that belongs to it, as far as it was asked for. */
export interface Parts {
  readonly service: ApiObject
  readonly deployments: readonly ApiObject[]
  /** LeaderWorkerSets: one replica of theirs has several pods. */
  readonly sets: readonly ApiObject[]
  readonly pods: readonly ApiObject[]
  /** BaseModel or ClusterBaseModel that it names. */
  readonly model?: ApiObject | undefined
}

/** A component as it is, with what the service's own view leaves out. */
export interface ComponentState extends ServingComponent {
  readonly name: ComponentName
  /** Its Deployment or LeaderWorkerSet is there. */
  readonly exists: boolean
  /** Every replica has the newest template, and the controller has seen it. */
  readonly isUpToDate: boolean
  readonly troubles: readonly Trouble[]
  /** Its Deployment cannot get on, in the controller's words. */
  readonly stuck?: string | undefined
}

/** Those that the spec names and those that are there. */
export const componentsOf = (parts: Parts): ComponentState[] =>
  COMPONENTS.flatMap((name) => {
    const spec = at(parts.service, 'spec', name)
    const workload = workloadOf(parts, name)
    return spec === undefined && workload === undefined ? [] : [componentState(parts, name, workload)]
  })

function workloadOf({service, deployments, sets}: Parts, component: ComponentName): ApiObject | undefined {
  const name = componentObject(service.metadata.name, component)
  const isIts = (object: ApiObject) =>
    object.metadata.name === name || textAt(object, 'metadata', 'labels', LABEL.component) === component
  return deployments.find(isIts) ?? sets.find(isIts)
}

function componentState(parts: Parts, name: ComponentName, workload: ApiObject | undefined): ComponentState {
  const spec = at(parts.service, 'spec', name)
  const minReplicas = numberAt(spec, 'minReplicas')
  const pods = podsOfComponent(parts, name)
  const needs = workload === undefined ? ownNeeds(spec, pods) : workloadNeeds(workload)
  const troubles = pods.flatMap((pod) => troubleOf(pod, name) ?? [])
  const stuck = workload === undefined ? undefined : stuckReason(workload)
  const desired = workload === undefined ? (minReplicas ?? 1) : (numberAt(workload, 'spec', 'replicas') ?? 1)
  const ready = workload === undefined ? 0 : (numberAt(workload, 'status', 'readyReplicas') ?? 0)
  const reason = worst(troubles)?.message ?? stuck
  return {
    ...{name, ready, desired, gpus: needs.gpus, exists: workload !== undefined, troubles},
    ...(needs.memoryBytes === 0 ? {} : {memoryBytes: needs.memoryBytes}),
    ...(minReplicas === undefined ? {} : {minReplicas}),
    ...(numberAt(spec, 'maxReplicas') === undefined ? {} : {maxReplicas: numberAt(spec, 'maxReplicas')}),
    ...(stuck === undefined ? {} : {stuck}),
    ...(ready >= desired || reason === undefined ? {} : {reason}),
    isUpToDate: workload !== undefined && isUpToDate(workload, desired),
  }
}

/** Pods that have not ended, of one component. */
export const podsOfComponent = ({pods}: Pick<Parts, 'pods'>, component: string): ApiObject[] =>
  pods.filter(
    (pod) =>
      textAt(pod, 'metadata', 'labels', LABEL.component) === component &&
      at(pod, 'metadata', 'deletionTimestamp') === undefined &&
      textAt(pod, 'status', 'phase') !== 'Succeeded',
  )

/** Before its workload is made, what the spec itself or a pod says; the runtime's part is not known here. */
function ownNeeds(spec: unknown, pods: readonly ApiObject[]): PodNeeds {
  const [pod] = pods
  if (pod !== undefined) return podNeeds(at(pod, 'spec'))
  const runner = at(spec, 'runner')
  return podNeeds({containers: isFields(runner) ? [runner] : []})
}

/** Of one replica; that of a LeaderWorkerSet is a leader and its workers. */
function workloadNeeds(workload: ApiObject): PodNeeds {
  const template = at(workload, 'spec', 'template', 'spec')
  if (template !== undefined) return podNeeds(template)
  const group = at(workload, 'spec', 'leaderWorkerTemplate')
  const worker = podNeeds(at(group, 'workerTemplate', 'spec'))
  const leader = at(group, 'leaderTemplate', 'spec')
  const workers = (numberAt(group, 'size') ?? 1) - 1
  return addNeeds(leader === undefined ? worker : podNeeds(leader), worker, workers)
}

function isUpToDate(workload: ApiObject, desired: number): boolean {
  const generation = numberAt(workload, 'metadata', 'generation') ?? 0
  const isSeen = (numberAt(workload, 'status', 'observedGeneration') ?? generation) >= generation
  const status = at(workload, 'status')
  const updated = numberAt(status, 'updatedReplicas') ?? 0
  const total = numberAt(status, 'replicas') ?? 0
  return isSeen && updated >= desired && total === updated
}

function stuckReason(workload: ApiObject): string | undefined {
  for (const condition of listAt(workload, 'status', 'conditions')) {
    const type = textAt(condition, 'type')
    const isBad =
      (type === 'ReplicaFailure' && textAt(condition, 'status') === 'True') ||
      (type === 'Progressing' && textAt(condition, 'status') === 'False')
    if (isBad) return textAt(condition, 'message') ?? textAt(condition, 'reason') ?? `${type}`
  }
  return undefined
}

/** An annotation of the operator, from a workload of the service or from its pods. */
export function operatorAnnotation({deployments, sets, pods}: Parts, key: string): string | undefined {
  for (const object of [...deployments, ...sets]) {
    const found = textMapAt(object, 'metadata', 'annotations')[key]
    const inTemplate = textMapAt(object, 'spec', 'template', 'metadata', 'annotations')[key]
    if (found !== undefined || inTemplate !== undefined) return found ?? inTemplate
  }
  return pods.map((pod) => textMapAt(pod, 'metadata', 'annotations')[key]).find((text) => text !== undefined)
}
