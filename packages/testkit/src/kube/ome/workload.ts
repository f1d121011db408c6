import type {KubeObject} from '../objects.ts'

export type Component = 'engine' | 'decoder' | 'router'

/** What an inference service is made of: the service, its model and the runtime that was chosen. */
export interface Parts {
  readonly service: KubeObject
  readonly model: KubeObject
  readonly runtime: KubeObject
  /** Replaces the images of the runners, which have a program of their own then. */
  readonly image?: string | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
}

/** Not copied into pods. */
const OWN_ANNOTATIONS = /^(kubectl\.kubernetes\.io\/last-applied|autoscaling\.knative\.dev\/(min|max)-scale)/

// biome-ignore lint/suspicious/noExplicitAny: parts of objects of any kind
type Part = any

/** Components that the service asks for: those of the runtime that it does not name are left out. */
export const componentsOf = ({spec}: KubeObject): Component[] =>
  (['engine', 'decoder', 'router'] as const).filter((name) => spec[name] !== undefined)

export const workloadName = ({metadata}: KubeObject, component: Component): string => `${metadata.name}-${component}`

/** Label of nodes that have a model. */
export function modelLabel({kind, metadata}: KubeObject): string {
  const name =
    kind === 'BaseModel' ? `${metadata.namespace}.basemodel.${metadata.name}` : `clusterbasemodel.${metadata.name}`
  return `models.ome.io/${name}`
}

function labelsOf({service, model, runtime}: Parts, component: Component): Record<string, string> {
  return {
    ...service.metadata.labels,
    'ome.io/inferenceservice': service.metadata.name,
    component,
    app: workloadName(service, component),
    'serving-runtime': runtime.metadata.name,
    'base-model-name': model.metadata.name,
    'base-model-size': model.metadata.annotations?.['models.ome.io/category'] ?? 'SMALL',
    'base-model-type': 'Serving',
    ...(model.spec.vendor === undefined ? {} : {'base-model-vendor': String(model.spec.vendor)}),
    'fine-tuned-serving': String((service.spec.model?.fineTunedWeights ?? []).length > 0),
  }
}

function annotationsOf({service, model, runtime}: Parts, config: Part): Record<string, string> {
  const own = Object.entries(service.metadata.annotations ?? {}).filter(([key]) => !OWN_ANNOTATIONS.test(key))
  return {
    ...Object.fromEntries(own),
    ...config.annotations,
    'ome.io/base-model-name': model.metadata.name,
    'ome.io/serving-runtime': runtime.metadata.name,
    'ome.io/deploymentMode': modeOf(service),
    'prometheus.io/scrape': 'true',
    'prometheus.io/port': '8080',
    'prometheus.io/path': '/metrics',
  }
}

export const modeOf = ({metadata, spec}: KubeObject): string =>
  metadata.annotations?.['ome.io/deploymentMode'] ?? (spec.decoder === undefined ? 'RawDeployment' : 'PDDisaggregated')

/** The configuration of a component: that of the runtime, and what the service says on top. */
export function configOf({service, runtime}: Parts, component: Component): Part {
  const base: Part = runtime.spec[`${component}Config`] ?? {}
  const own: Part = service.spec[component] ?? {}
  const runner = {
    ...base.runner,
    ...own.runner,
    args: [...(base.runner?.args ?? []), ...(own.runner?.args ?? [])],
    env: [...(base.runner?.env ?? []), ...(own.runner?.env ?? [])],
    resources: {
      limits: amounts({...base.runner?.resources?.limits, ...own.runner?.resources?.limits}),
      requests: amounts({...base.runner?.resources?.requests, ...own.runner?.resources?.requests}),
    },
  }
  return {
    ...base,
    ...own,
    labels: {...base.labels, ...own.labels},
    annotations: {...base.annotations, ...own.annotations},
    runner,
  }
}

/** Texts, as the API of Deployments wants them; runtimes may say `1`. */
const amounts = (given: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(Object.entries(given).map(([name, amount]) => [name, String(amount)]))

function containerOf({image, model, env = {}}: Parts, component: Component, {runner}: Part): Part {
  const name = component === 'router' ? 'router' : (runner.name ?? 'ome-container')
  const path = model.spec.storage?.path ?? `/mnt/models/${model.metadata.name}`
  const added = Object.entries({MODEL_PATH: path, COMPONENT: component, ...env})
  const {volumeMounts: _, command, ...rest} = runner
  const program =
    image === undefined
      ? {command}
      : {image, imagePullPolicy: 'IfNotPresent', command: ['node', '/app/model-server.cjs']}
  const probe = {tcpSocket: {port: 8080}, periodSeconds: 1}
  return {
    ports: [{name: 'http1', containerPort: 8080, protocol: 'TCP'}],
    readinessProbe: probe,
    ...rest,
    ...Object.fromEntries(Object.entries(program).filter(([, value]) => value !== undefined)),
    name,
    env: [...runner.env, ...added.map(([key, value]) => ({name: key, value}))].filter(
      (one, index, all) => all.findLastIndex((other: {name: string}) => other.name === one.name) === index,
    ),
  }
}

/** Fewest and most replicas, as the webhook fills them in. */
export function boundsOf({service}: Parts, component: Component): {readonly min: number; readonly max: number} {
  const {minReplicas: min = 1, maxReplicas} = service.spec[component] ?? {}
  return {min, max: Math.max(min, maxReplicas ?? (component === 'router' ? 2 : 3))}
}

export const hasScaler = ({metadata}: KubeObject): boolean =>
  metadata.annotations?.['ome.io/autoscalerClass'] !== 'external'

/** The objects of a component: Deployment, Service, disruption budget, and a scaler unless that is left to others. */
export function objectsOf(parts: Parts, component: Component, replicas: number): KubeObject[] {
  const {service, model} = parts
  const {namespace} = service.metadata
  const name = workloadName(service, component)
  const config = configOf(parts, component)
  const labels = {...labelsOf(parts, component), ...config.labels}
  const selector = {app: name}
  const metadata = {name, namespace, labels, ownerReferences: [ownerOf(service)]}
  const pod = {
    terminationGracePeriodSeconds: 1,
    ...(component === 'router' ? {} : {nodeSelector: {[modelLabel(model)]: 'Ready', ...config.nodeSelector}}),
    ...(config.tolerations === undefined ? {} : {tolerations: config.tolerations}),
    containers: [containerOf(parts, component, config)],
  }
  const annotations = annotationsOf(parts, config)
  const rollout = {type: 'RollingUpdate', rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}
  const {min, max} = boundsOf(parts, component)
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {...metadata, annotations: {'ome.io/serving-runtime': parts.runtime.metadata.name}},
    spec: {
      replicas,
      selector: {matchLabels: selector},
      progressDeadlineSeconds: 600,
      strategy: config.deploymentStrategy ?? rollout,
      template: {metadata: {labels, annotations}, spec: pod},
    },
  }
  const ports = [{name: 'http', port: 8080, targetPort: 8080, protocol: 'TCP'}]
  const scaler = {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata,
    spec: {
      minReplicas: min,
      maxReplicas: max,
      targetCPUUtilizationPercentage: service.spec[component]?.scaleTarget ?? 80,
      scaleTargetRef: {apiVersion: 'apps/v1', kind: 'Deployment', name},
    },
  }
  return [
    deployment,
    {apiVersion: 'v1', kind: 'Service', metadata, spec: {selector, ports}},
    {
      apiVersion: 'policy/v1beta1',
      kind: 'PodDisruptionBudget',
      metadata,
      spec: {maxUnavailable: 1, selector: {matchLabels: selector}},
    },
    ...(hasScaler(service) && min > 0 ? [scaler] : []),
  ]
}

/** The way in: to the router where there is one, else to the engine. */
export function entryOf(service: KubeObject): KubeObject {
  const {name, namespace} = service.metadata
  const entry =
    service.metadata.annotations?.['ome.io/entrypoint-component'] ?? (service.spec.router ? 'router' : 'engine')
  const selector = {'ome.io/inferenceservice': name, component: entry}
  const metadata = {name, namespace, labels: {component: 'external-service'}, ownerReferences: [ownerOf(service)]}
  const ports = [{name: 'http', port: 8080, targetPort: 8080, protocol: 'TCP'}]
  return {apiVersion: 'v1', kind: 'Service', metadata, spec: {selector, ports}}
}

const ownerOf = ({apiVersion, kind, metadata: {name, uid = ''}}: KubeObject) => ({
  apiVersion,
  kind,
  name,
  uid,
  controller: true,
  blockOwnerDeletion: true,
})
