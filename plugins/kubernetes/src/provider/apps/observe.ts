import {
  autoscaleSpec,
  type Endpoint,
  type Replica,
  type Service,
  type ServiceFailure,
  type ServiceSpec,
  type ServiceStatus,
  serviceSpec,
} from '@omni-cli/sdk'
import {numberPods} from '../pods/order.ts'
import {hostsOf, RELEASE_LABEL, SERVICE_LABEL} from './names.ts'
import {isLeaving, isOver, isReady, toReplica, troubleOf, type Usage} from './pod-state.ts'
import {type AppRecord, activeRelease, currentRelease, type ReleaseRecord} from './record.ts'
import {isScheduled} from './schedules.ts'
import type {DeploymentObject, IngressObject, PodObject} from './wire.ts'

/** All that a picture of an application is made of. */
export interface Sight {
  readonly name: string
  readonly namespace: string
  /** Undefined: lost, or not for this user's eyes. */
  readonly record: AppRecord | undefined
  readonly deployment: DeploymentObject | undefined
  readonly pods: readonly PodObject[]
  /** Ingress or HTTPRoute. */
  readonly entrance?: IngressObject | undefined
  /** By name of the pod. */
  readonly usage?: ReadonlyMap<string, Usage> | undefined
}

/** An application as it is now. */
export function toService(sight: Sight, now: Date = new Date()): Service {
  const {name, namespace, record, deployment} = sight
  const release = record === undefined ? undefined : currentRelease(record)
  const declared = release?.spec ?? specOfDeployment(name, deployment)
  const desired = desiredReplicas(declared, sight)
  const replicas = replicasOf(sight)
  const serving = servingRelease(sight)
  const failure = failureOf(sight)
  return {
    name,
    project: namespace,
    status: statusOf(sight, {desired, now}),
    spec: withLive(declared, sight, desired),
    desiredReplicas: desired,
    runningReplicas: replicas.filter(({status}) => status === 'ready').length,
    ...(serving === undefined ? {} : {release: serving}),
    endpoints:
      record?.isStopped === true ? [] : [...hostEndpoints(declared, sight.entrance), ...inside(declared, namespace)],
    replicas,
    ...(failure === undefined ? {} : {lastFailure: failure}),
    ...(record === undefined ? {} : {createdAt: record.createdAt, updatedAt: record.updatedAt}),
  }
}

/** The release that serves. A deploy whose command was killed at its end has arrived all the same. */
export function servingRelease({record, deployment}: Sight): string | undefined {
  const template = deployment?.spec.template.metadata?.labels?.[RELEASE_LABEL]
  if (record === undefined) return template
  const last = record.releases.at(-1)
  if (last?.status === 'deploying' && template === last.id && isComplete(deployment)) return last.id
  return activeRelease(record)?.id
}

/** The controller has seen the newest template, and all pods are of it and ready. */
export function isComplete(deployment: DeploymentObject | undefined): boolean {
  if (deployment === undefined) return false
  const {metadata, spec, status = {}} = deployment
  const wanted = spec.replicas ?? 1
  const {replicas = 0, updatedReplicas = 0, availableReplicas = 0} = status
  const isSeen = (status.observedGeneration ?? 0) >= (metadata.generation ?? 0)
  return isSeen && updatedReplicas === wanted && replicas === wanted && availableReplicas === wanted
}

export const livePods = (pods: readonly PodObject[]): PodObject[] =>
  pods.filter((pod) => !isLeaving(pod) && !isOver(pod))

function replicasOf({name, pods, usage}: Sight): Replica[] {
  return numberPods(name, livePods(pods)).map(({replica, index, pod}) =>
    toReplica(pod, {name: replica, index}, usage?.get(pod.metadata.name)),
  )
}

function desiredReplicas(spec: ServiceSpec, {record, deployment}: Sight): number {
  if (isScheduled(spec)) return 0
  const asked = spec.replicas === 'auto' ? autoscaleSpec.parse(spec.autoscale ?? {}).min : spec.replicas
  return record?.isStopped === true ? asked : (deployment?.spec.replicas ?? asked)
}

/** What was declared, with what hands may have changed since. */
function withLive(spec: ServiceSpec, {record, deployment}: Sight, desired: number): ServiceSpec {
  const image = imageOf(deployment)
  const isSettled = record?.releases.at(-1)?.status === 'active'
  return {
    ...spec,
    ...(image === undefined || !isSettled ? {} : {image}),
    ...(spec.replicas === 'auto' || isScheduled(spec) ? {} : {replicas: desired}),
  }
}

export function imageOf(deployment: DeploymentObject | undefined): string | undefined {
  const containers = deployment?.spec.template.spec?.containers
  const first: unknown = Array.isArray(containers) ? containers[0] : undefined
  const hasImage = typeof first === 'object' && first !== null && 'image' in first
  return hasImage && typeof first.image === 'string' ? first.image : undefined
}

interface Question {
  readonly desired: number
  readonly now: Date
}

function statusOf(sight: Sight, {desired, now}: Question): ServiceStatus {
  const {record, deployment, pods} = sight
  const last = record?.releases.at(-1)
  if (last?.status === 'deploying' && isUnderWay(sight, last, now)) return 'deploying'
  if (record?.isStopped === true) return 'stopped'
  if (servingRelease(sight) === undefined) return 'failed'
  if (record !== undefined && isScheduled(currentRelease(record).spec)) return 'running'
  if (deployment === undefined) return 'failed'
  const alive = livePods(pods)
  const ready = alive.filter(isReady).length
  if (ready >= desired) return 'running'
  const isHopeless = alive.length > 0 && alive.every((pod) => troubleOf(pod)?.isFinal === true)
  return ready === 0 && isHopeless ? 'failed' : 'degraded'
}

/** A command that was killed says nothing: after twice the time that a replica may take, it counts as gone. */
function isUnderWay({deployment, pods}: Sight, release: ReleaseRecord, now: Date): boolean {
  const isOfIt = deployment?.spec.template.metadata?.labels?.[RELEASE_LABEL] === release.id
  if (isOfIt && isComplete(deployment)) return false
  const isHopeless = pods.some((pod) => isOfRelease(pod, release.id) && troubleOf(pod)?.isFinal === true)
  const timeoutMs = (release.spec.deploy?.ready_timeout_secs ?? 60) * 2000 + 60_000
  return !isHopeless && now.getTime() - Date.parse(release.createdAt) < timeoutMs
}

const isOfRelease = ({metadata}: PodObject, id: string): boolean => metadata.labels?.[RELEASE_LABEL] === id

/** From the newest pod that is not well, else of the newest release when it has failed. */
function failureOf({record, pods}: Sight): ServiceFailure | undefined {
  const failing = livePods(pods).flatMap((pod) => {
    const trouble = isReady(pod) ? undefined : troubleOf(pod)
    if (trouble === undefined) return []
    const {isFinal: _, isPrevious: __, ...rest} = trouble
    const at = trouble.exit?.at ?? pod.metadata.creationTimestamp ?? new Date(0).toISOString()
    return [{...rest, at, lastLines: []}]
  })
  const newest = failing.toSorted((a, b) => b.at.localeCompare(a.at))[0]
  return newest ?? record?.releases.at(-1)?.failure
}

/** Its Service, as it is called inside of the cluster. */
function inside({name, port, protocol}: ServiceSpec, namespace: string): Endpoint[] {
  const scheme = protocol === 'tcp' ? 'tcp' : 'http'
  return port === undefined ? [] : [{url: `${scheme}://${name}.${namespace}:${port}`, via: 'domain'}]
}

/** Host names, once something answers for them. */
function hostEndpoints(spec: ServiceSpec, entrance: IngressObject | undefined): Endpoint[] {
  const {loadBalancer, parents = []} = entrance?.status ?? {}
  const isAccepted = parents.some(({conditions = []}) =>
    conditions.some(({type, status}) => type === 'Accepted' && status === 'True'),
  )
  if (entrance === undefined || !(isAccepted || (loadBalancer?.ingress ?? []).length > 0)) return []
  const secure = new Set(entrance.spec?.tls?.flatMap(({hosts = []}) => hosts))
  return hostsOf(spec).map((host) => ({url: `${secure.has(host) ? 'https' : 'http'}://${host}`, via: 'domain'}))
}

/** What can be told of an application without its record. */
function specOfDeployment(name: string, deployment: DeploymentObject | undefined): ServiceSpec {
  const labels = Object.entries(deployment?.metadata.labels ?? {}).filter(
    ([key]) => !key.startsWith('app.kubernetes.io/') && key !== SERVICE_LABEL,
  )
  return serviceSpec.parse({name, image: imageOf(deployment) ?? 'unknown', labels: Object.fromEntries(labels)})
}
