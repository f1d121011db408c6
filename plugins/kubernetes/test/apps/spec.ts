import {type ServiceInput, type ServiceSpec, serviceSpec} from '@omni-cli/sdk'
import {environmentOf} from '../../src/provider/apps/environment.ts'
import type {AppFacts} from '../../src/provider/apps/facts.ts'
import {type AppManifests, manifestsOf} from '../../src/provider/apps/manifests.ts'

export const specOf = (fields: Omit<ServiceInput, 'name'> = {}): ServiceSpec =>
  serviceSpec.parse({name: 'web', image: 'acme/web:1', ...fields})

export const facts = (more: Partial<AppFacts> = {}): AppFacts => ({
  ...{namespace: 'shop', minor: 20, hasMetrics: true, dependencies: [], entrance: {via: 'ingress'}},
  ...{cronApi: 'batch/v1beta1', autoscaleApi: 'autoscaling/v2beta2'},
  ...more,
})

export function made(fields: Omit<ServiceInput, 'name'>, more: Partial<AppFacts> = {}, replicas = 1): AppManifests {
  const spec = specOf(fields)
  const known = facts(more)
  const environment = environmentOf(spec, 'r3', known.dependencies)
  return manifestsOf({spec, release: 'r3', environment}, known, {replicas, isStopped: false})
}

interface PodTemplate {
  readonly spec: {readonly containers: readonly Record<string, unknown>[]; readonly [field: string]: unknown}
}

/** Spec of the pods of what it becomes. */
export function podOf(fields: Omit<ServiceInput, 'name'>, more: Partial<AppFacts> = {}): PodTemplate['spec'] {
  const [workload] = made(fields, more).workload
  if (workload === undefined) throw new Error('it becomes nothing')
  return (workload.spec as {template: PodTemplate}).template.spec
}

/** Their only container. */
export const containerOf = (fields: Omit<ServiceInput, 'name'>, more: Partial<AppFacts> = {}) =>
  podOf(fields, more).containers[0]
