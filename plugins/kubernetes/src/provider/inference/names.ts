import type {ObjectKind} from '@omni-cli/sdk'

/** Labels and annotations that the operator sets, and the names of what it makes. */
export const LABEL = {
  service: 'ome.io/inferenceservice',
  component: 'component',
  modelVendor: 'base-model-vendor',
} as const

export const ANNOTATION = {
  runtime: 'ome.io/serving-runtime',
  mode: 'ome.io/deploymentMode',
  autoscaler: 'ome.io/autoscalerClass',
  utilization: 'ome.io/targetUtilizationPercentage',
  entry: 'ome.io/entrypoint-component',
  kedaQuery: 'autoscaling.keda.sh/prometheus.query',
  kedaThreshold: 'autoscaling.keda.sh/threshold',
  kedaOperator: 'autoscaling.keda.sh/operator',
  /** Only on a stopped service: the class of autoscaler that it had. */
  stopped: 'omni.stopped-from',
  /** In a pod template: other pods, the same program. Known to every tool that shows rollouts. */
  restartedAt: 'kubectl.kubernetes.io/restartedAt',
} as const

export const COMPONENTS = ['engine', 'decoder', 'router'] as const
export type ComponentName = (typeof COMPONENTS)[number]

/** Container that serves in engines and decoders. */
export const MAIN_CONTAINER = 'ome-container'
export const DEFAULT_PORT = 8080

export const MODE = {
  raw: 'RawDeployment',
  serverless: 'Serverless',
  multiNode: 'MultiNode',
  virtual: 'VirtualDeployment',
} as const

const kind = (group: string, names: readonly [kind: string, plural: string, ...short: string[]]): ObjectKind => {
  const [name, plural, ...short] = names
  return {
    ...{group, version: group === 'ome.io' ? 'v1beta1' : 'v1', kind: name, plural, singular: name.toLowerCase(), short},
    namespaced: true,
    verbs: [],
  }
}

/** As the only version of OME so far has it; another version is looked up when this one is not served. */
export const INFERENCE_SERVICE = kind('ome.io', ['InferenceService', 'inferenceservices', 'isvc'])
export const DEPLOYMENT = kind('apps', ['Deployment', 'deployments'])
export const SERVICE = kind('', ['Service', 'services'])
export const POD = kind('', ['Pod', 'pods'])
export const EVENT = kind('', ['Event', 'events'])
export const LEADER_WORKER_SET = kind('leaderworkerset.x-k8s.io', ['LeaderWorkerSet', 'leaderworkersets'])

/** `<service>-engine`: Deployment, Service, HPA and PDB of a component. */
export const componentObject = (service: string, component: string): string => `${service}-${component}`
