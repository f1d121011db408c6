import type {ObjectKind, ServiceSpec} from '@omni-cli/sdk'

/** Everything that was made for an application has it; lists select by it. */
export const MANAGED_LABELS = {'app.kubernetes.io/managed-by': 'omni'} as const
/** Name of the service that an object belongs to. */
export const SERVICE_LABEL = 'omni.service'
/** Release that a pod runs. */
export const RELEASE_LABEL = 'omni.release'
/** Says what a Secret holds: `record` for specs and releases. */
export const ROLE_LABEL = 'omni.role'
/** On pod templates: another value makes new pods of the same release. */
export const RESTART_ANNOTATION = 'omni.restarted-at'
/** Container of an application in its pods. */
export const CONTAINER = 'app'
/** Name of the port that requests go to. */
export const PORT_NAME = 'main'

export const serviceLabels = (service: string) => ({...MANAGED_LABELS, [SERVICE_LABEL]: service})
export const selectorOf = (service: string) => ({[SERVICE_LABEL]: service})
/** As a selector in a query. */
export const selectorText = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')

export const recordName = (service: string): string => `omni-${service}`
export const envSecretName = (service: string, release: string): string => `${service}-env-${release}`
/** Secret that `${secrets.X}` is taken from. */
export const secretsName = (service: string): string => `${service}-secrets`
export const volumeName = (service: string): string => `${service}-data`
export const cronName = (service: string, index: number): string => (index === 0 ? service : `${service}-${index}`)
export const portsName = (service: string): string => `${service}-ports`

const kindOf = (group: string, version: string, kind: string, plural: string, namespaced = true): ObjectKind => ({
  ...{group, version, kind, plural, singular: kind.toLowerCase(), short: [], namespaced},
  verbs: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'],
})

/** Kinds that every cluster from 1.19 on serves: no discovery is needed for them. */
export const KINDS = {
  deployment: kindOf('apps', 'v1', 'Deployment', 'deployments'),
  pod: kindOf('', 'v1', 'Pod', 'pods'),
  service: kindOf('', 'v1', 'Service', 'services'),
  secret: kindOf('', 'v1', 'Secret', 'secrets'),
  claim: kindOf('', 'v1', 'PersistentVolumeClaim', 'persistentvolumeclaims'),
  node: kindOf('', 'v1', 'Node', 'nodes', false),
  ingress: kindOf('networking.k8s.io', 'v1', 'Ingress', 'ingresses'),
  ingressClass: kindOf('networking.k8s.io', 'v1', 'IngressClass', 'ingressclasses', false),
} as const

const PLURALS = {
  ...{Deployment: 'deployments', Service: 'services', Secret: 'secrets', Ingress: 'ingresses', CronJob: 'cronjobs'},
  ...{HorizontalPodAutoscaler: 'horizontalpodautoscalers', HTTPRoute: 'httproutes', Job: 'jobs'},
  PersistentVolumeClaim: 'persistentvolumeclaims',
} as const

/** Kind of an object that we have made ourselves. */
export function kindOfObject({apiVersion, kind}: {readonly apiVersion: string; readonly kind: string}): ObjectKind {
  const plural = Object.entries(PLURALS).find(([name]) => name === kind)?.[1]
  if (plural === undefined) throw new Error(`applications have no ${kind}`)
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  return kindOf(group ?? '', version ?? '', kind, plural)
}

/** Host names it answers for, each once. */
export const hostsOf = ({domain, domains = []}: ServiceSpec): string[] => [
  ...new Set([...(domain === undefined ? [] : [domain]), ...domains].map((host) => host.toLowerCase())),
]
