import type {Schema} from './schema.ts'

export interface PrinterColumn {
  readonly name: string
  readonly type: string
  readonly jsonPath: string
  readonly priority?: number | undefined
  readonly format?: string | undefined
  readonly description?: string | undefined
}

/** A kind that the server serves. */
export interface ServedKind {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly singular: string
  readonly short: readonly string[]
  readonly categories: readonly string[]
  readonly namespaced: boolean
  readonly subresources: readonly string[]
  /** Of kinds that a CustomResourceDefinition has brought. */
  readonly schema?: Schema | undefined
  readonly columns?: readonly PrinterColumn[] | undefined
  /** Answers a question and keeps nothing. */
  readonly isReview?: boolean | undefined
}

/** `group/version kind plural short,… subresource,… flags`: `c` of the cluster, `a` in the category `all`, `r` a review. */
const BUILT_IN = `
v1 Namespace namespaces ns status c
v1 Node nodes no status,proxy c
v1 PersistentVolume persistentvolumes pv status c
v1 Pod pods po status,log,exec,attach,portforward,proxy,eviction a
v1 Service services svc status,proxy a
v1 ConfigMap configmaps cm - -
v1 Secret secrets - - -
v1 Event events ev - -
v1 Endpoints endpoints ep - -
v1 ServiceAccount serviceaccounts sa - -
v1 PersistentVolumeClaim persistentvolumeclaims pvc status -
v1 ReplicationController replicationcontrollers rc status,scale a
v1 ResourceQuota resourcequotas quota status -
v1 LimitRange limitranges limits - -
apps/v1 Deployment deployments deploy status,scale a
apps/v1 ReplicaSet replicasets rs status,scale a
apps/v1 StatefulSet statefulsets sts status,scale a
apps/v1 DaemonSet daemonsets ds status a
apps/v1 ControllerRevision controllerrevisions - - -
batch/v1 Job jobs - status a
batch/v1beta1 CronJob cronjobs cj status a
autoscaling/v1 HorizontalPodAutoscaler horizontalpodautoscalers hpa status a
autoscaling/v2beta2 HorizontalPodAutoscaler horizontalpodautoscalers hpa status a
policy/v1beta1 PodDisruptionBudget poddisruptionbudgets pdb status -
networking.k8s.io/v1 Ingress ingresses ing status -
networking.k8s.io/v1 IngressClass ingressclasses - - c
networking.k8s.io/v1 NetworkPolicy networkpolicies netpol - -
rbac.authorization.k8s.io/v1 Role roles - - -
rbac.authorization.k8s.io/v1 RoleBinding rolebindings - - -
rbac.authorization.k8s.io/v1 ClusterRole clusterroles - - c
rbac.authorization.k8s.io/v1 ClusterRoleBinding clusterrolebindings - - c
storage.k8s.io/v1 StorageClass storageclasses sc - c
coordination.k8s.io/v1 Lease leases - - -
apiextensions.k8s.io/v1 CustomResourceDefinition customresourcedefinitions crd,crds status c
apiregistration.k8s.io/v1 APIService apiservices - status c
authorization.k8s.io/v1 SelfSubjectAccessReview selfsubjectaccessreviews - - cr
`

const words = (text: string): string[] => (text === '-' ? [] : text.split(','))

export const BUILT_IN_KINDS: readonly ServedKind[] = BUILT_IN.trim()
  .split('\n')
  .map((line) => {
    const [apiVersion = '', kind = '', plural = '', short = '-', subresources = '-', flags = '-'] = line.split(' ')
    return {
      ...splitVersion(apiVersion),
      kind,
      plural,
      singular: kind.toLowerCase(),
      short: words(short),
      categories: flags.includes('a') ? ['all'] : [],
      namespaced: !flags.includes('c'),
      subresources: words(subresources),
      isReview: flags.includes('r'),
    }
  })

function splitVersion(apiVersion: string): {group: string; version: string} {
  const [first = '', second] = apiVersion.split('/')
  return second === undefined ? {group: '', version: first} : {group: first, version: second}
}

export const versionOf = ({group, version}: {readonly group: string; readonly version: string}): string =>
  group === '' ? version : `${group}/${version}`

/** Versions of one kind share their objects. */
export const storeOf = ({group, plural}: {readonly group: string; readonly plural: string}): string =>
  group === '' ? plural : `${plural}.${group}`

export const hasStatus = (kind: ServedKind): boolean => kind.subresources.includes('status')
