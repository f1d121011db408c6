import type {ApiObject} from '@omni-cli/sdk'
import {deployment, objectLabels} from './deployment.ts'
import type {AppFacts} from './facts.ts'
import {envSecretName, serviceLabels, volumeName} from './names.ts'
import {entrances, services} from './network.ts'
import type {Version} from './pod.ts'
import {autoscaler, cronJobs, isScheduled} from './schedules.ts'
import {claimSize} from './volumes.ts'

/** Objects of one version of an application, in the order that they are made in. */
export interface AppManifests {
  /** What pods need to start: Secret of the environment, PersistentVolumeClaim. */
  readonly before: readonly ApiObject[]
  /** Deployment, or CronJobs. */
  readonly workload: readonly ApiObject[]
  /** Ways to pods that are ready, and what scales them. */
  readonly after: readonly ApiObject[]
}

export interface ManifestOptions {
  readonly replicas: number
  readonly isStopped: boolean
}

/** What a spec becomes. Pure; the spec has no refusals. */
export function manifestsOf(version: Version, facts: AppFacts, {replicas, isStopped}: ManifestOptions): AppManifests {
  const {spec} = version
  if (isScheduled(spec)) {
    return {before: needs(version, facts), workload: cronJobs(version, facts, isStopped), after: []}
  }
  return {
    before: needs(version, facts),
    workload: [deployment(version, facts, isStopped ? 0 : replicas)],
    // An autoscaler leaves a Deployment alone that has no replicas.
    after: [...services(spec, facts), ...entrances(spec, facts), ...autoscaler(spec, facts)],
  }
}

function needs({spec, release, environment}: Version, {namespace}: AppFacts): ApiObject[] {
  const data = Object.entries(environment.secret).map(([name, value]) => [name, Buffer.from(value).toString('base64')])
  const secret: ApiObject = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {name: envSecretName(spec.name, release), namespace, labels: serviceLabels(spec.name)},
    type: 'Opaque',
    data: Object.fromEntries(data),
  }
  const claim: ApiObject = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {name: volumeName(spec.name), namespace, labels: objectLabels(spec)},
    spec: {accessModes: ['ReadWriteOnce'], resources: {requests: {storage: claimSize(spec)}}},
  }
  return [...(data.length === 0 ? [] : [secret]), ...(spec.volume === undefined ? [] : [claim])]
}
