import type {ApiObject} from '@omni-cli/sdk'
import {groupOf, textAt} from './values.ts'

/** Kinds in the order they are applied; each line is a tier. What is not named goes between the last two. */
const TIERS: readonly (readonly string[])[] = [
  [
    'Namespace',
    'CustomResourceDefinition',
    'PriorityClass',
    'StorageClass',
    'RuntimeClass',
    'IngressClass',
    'CSIDriver',
  ],
  ['ServiceAccount', 'ResourceQuota', 'LimitRange', 'PodSecurityPolicy', 'ClusterRole', 'Role'],
  ['ClusterRoleBinding', 'RoleBinding'],
  ['ConfigMap', 'Secret', 'PersistentVolume', 'NetworkPolicy'],
  ['PersistentVolumeClaim', 'Service', 'Endpoints', 'EndpointSlice', 'PodDisruptionBudget'],
  ['AcceleratorClass', 'ClusterBaseModel', 'BaseModel', 'ClusterServingRuntime', 'ServingRuntime'],
  [
    'FineTunedWeight',
    'Pod',
    'ReplicaSet',
    'Deployment',
    'StatefulSet',
    'DaemonSet',
    'Job',
    'CronJob',
    'InferenceService',
  ],
]
const LAST_KINDS = ['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration', 'APIService']

/** What has a lower number is applied first. Webhooks come last: they may refuse what is applied beside them. */
export function tierOf({kind}: Pick<ApiObject, 'kind'>): number {
  if (LAST_KINDS.includes(kind)) return TIERS.length + 1
  const found = TIERS.findIndex((kinds) => kinds.includes(kind))
  return found === -1 ? TIERS.length : found
}

/** For each object the places of its namespace and of the definition of its kind, where they are in the list. */
export function needsOf(objects: readonly ApiObject[], namespaces: readonly (string | undefined)[]): number[][] {
  const providers = new Map<string, number>()
  for (const [index, object] of objects.entries()) {
    if (isNamespace(object)) providers.set(`namespace ${object.metadata.name}`, index)
    if (isDefinition(object))
      providers.set(`kind ${textAt(object, 'spec', 'group')} ${textAt(object, 'spec', 'names', 'kind')}`, index)
  }
  if (providers.size === 0) return objects.map(() => [])
  return objects.map(({apiVersion, kind}, index) => {
    const wanted = [`namespace ${namespaces[index] ?? ''}`, `kind ${groupOf(apiVersion)} ${kind}`]
    return wanted.flatMap((key) => providers.get(key) ?? [])
  })
}

export const isNamespace = ({apiVersion, kind}: ApiObject) => apiVersion === 'v1' && kind === 'Namespace'

export const isDefinition = ({apiVersion, kind}: Pick<ApiObject, 'apiVersion' | 'kind'>) =>
  groupOf(apiVersion) === 'apiextensions.k8s.io' && kind === 'CustomResourceDefinition'
