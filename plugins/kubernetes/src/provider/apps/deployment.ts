import {type ApiObject, autoscaleSpec, type ServiceSpec, strategyOf} from '@omni-cli/sdk'
import type {AppFacts} from './facts.ts'
import {selectorOf, serviceLabels} from './names.ts'
import {podTemplate, type Version} from './pod.ts'

/** Specs are kept by us; of old ReplicaSets only the one before is worth keeping. */
const KEPT_REPLICA_SETS = 2

export function deployment(version: Version, facts: AppFacts, replicas: number): ApiObject {
  return withTemplate(version.spec, podTemplate(version, facts), {namespace: facts.namespace, replicas})
}

/** The Deployment of a spec with any template: to put the one back that served before. */
export function withTemplate(
  spec: ServiceSpec,
  template: unknown,
  {namespace, replicas}: {readonly namespace: string; readonly replicas: number},
): ApiObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {name: spec.name, namespace, labels: objectLabels(spec)},
    spec: {
      replicas,
      selector: {matchLabels: selectorOf(spec.name)},
      strategy: strategy(spec, replicas),
      revisionHistoryLimit: KEPT_REPLICA_SETS,
      progressDeadlineSeconds: Math.max(1, Math.ceil(spec.deploy?.ready_timeout_secs ?? 60)),
      template,
    },
  }
}

function strategy(spec: ServiceSpec, replicas: number): object {
  if (strategyOf(spec) === 'recreate') return {type: 'Recreate'}
  const missing = Math.min(spec.deploy?.max_unavailable ?? 0, Math.max(0, replicas))
  return {type: 'RollingUpdate', rollingUpdate: {maxUnavailable: missing, maxSurge: '25%'}}
}

/** How many replicas a spec starts with. `auto`: what runs now, within its limits. */
export function replicasOf(spec: ServiceSpec, now: number | undefined): number {
  if (spec.replicas !== 'auto') return spec.replicas
  const {min, max} = autoscaleSpec.parse(spec.autoscale ?? {})
  return Math.min(max, Math.max(min, now ?? min))
}

const KEY = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/
const VALUE = /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/

export const isLabel = (key: string, value: string): boolean => KEY.test(key) && VALUE.test(value)

/** Labels of the spec as far as Kubernetes has words for them; the spec that is kept has them all. */
export const objectLabels = (spec: ServiceSpec): Record<string, string> => ({
  ...Object.fromEntries(Object.entries(spec.labels).filter(([key, value]) => isLabel(key, value))),
  ...serviceLabels(spec.name),
  'app.kubernetes.io/name': spec.name,
  ...(spec.project === undefined ? {} : {'app.kubernetes.io/part-of': spec.project}),
})
