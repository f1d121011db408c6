import type {PrinterColumn} from '../kinds.ts'
import type {KubeObject} from '../objects.ts'
import type {Schema} from '../schema.ts'
import {
  anything,
  bool,
  columns,
  fields,
  int,
  list,
  map,
  oneOf,
  openFields,
  preset,
  quantity,
  string,
  time,
} from './fields.ts'

const versioned = (name: string): Schema =>
  fields({
    [name]: string,
    version: string,
    operator: preset(oneOf('Equal', 'GreaterThan', 'GreaterThanOrEqual'), 'Equal'),
    weight: preset(int, 1),
  })

const storage = fields({
  'storageUri*': string,
  path: string,
  schemaPath: string,
  parameters: map,
  key: string,
  nodeSelector: map,
  nodeAffinity: anything,
  downloadPolicy: oneOf('AlwaysDownload', 'ReuseIfExists'),
})

const modelFields = {
  modelFormat: versioned('name*'),
  modelFramework: versioned('name*'),
  modelType: string,
  modelArchitecture: string,
  quantization: string,
  modelParameterSize: string,
  modelCapabilities: list(string),
  apiCapabilities: list(string),
  maxTokens: int,
  modelConfiguration: anything,
  'storage*': storage,
  displayName: string,
  version: string,
  vendor: string,
  compartmentID: string,
  disabled: bool,
  servingMode: list(string),
  diffusionPipeline: anything,
  additionalMetadata: map,
}

const modelStatus = fields({
  'state*': oneOf('Creating', 'Importing', 'In_Transit', 'In_Training', 'Ready', 'Failed'),
  lifecycle: string,
  nodesReady: list(string),
  nodesFailed: list(string),
})

const extension = {
  minReplicas: int,
  maxReplicas: int,
  scaleTarget: int,
  scaleMetric: oneOf('cpu', 'memory', 'concurrency', 'rps'),
  containerConcurrency: int,
  timeoutSeconds: int,
  canaryTrafficPercent: int,
  labels: map,
  annotations: map,
  minAvailable: quantity,
  maxUnavailable: quantity,
  deploymentStrategy: anything,
  kedaConfig: anything,
  containers: list(anything),
  volumes: list(anything),
  nodeSelector: map,
  affinity: anything,
  tolerations: list(anything),
  serviceAccountName: string,
  schedulerName: string,
}

const container = {
  name: string,
  image: string,
  imagePullPolicy: string,
  command: list(string),
  args: list(string),
  env: list(anything),
  ports: list(anything),
  volumeMounts: list(anything),
  resources: fields({
    limits: {type: 'object', additionalProperties: quantity},
    requests: {type: 'object', additionalProperties: quantity},
  }),
  readinessProbe: anything,
  livenessProbe: anything,
  startupProbe: anything,
  securityContext: anything,
}
const ownRunner = fields(container)
const accelerated = {acceleratorOverride: anything}

const engine = (runner: Schema): Schema =>
  fields({...extension, ...accelerated, runner, leader: openFields({runner}), worker: openFields({size: int, runner})})
const router = (runner: Schema): Schema => fields({...extension, runner, config: map})

const {name: _, ...unnamed} = container
const runtimeRunner = fields({'name*': string, ...unnamed})
const runtimeFields = {
  supportedModelFormats: list(
    fields({
      modelFormat: versioned('name*'),
      modelFramework: versioned('name*'),
      modelArchitecture: string,
      quantization: string,
      diffusionPipeline: anything,
      autoSelect: bool,
      priority: {type: 'integer', minimum: 1},
      version: string,
      name: string,
      modelType: string,
      acceleratorConfig: anything,
    }),
  ),
  modelSizeRange: fields({min: string, max: string}),
  disabled: bool,
  protocolVersions: list(string),
  engineConfig: engine(runtimeRunner),
  decoderConfig: engine(runtimeRunner),
  routerConfig: router(runtimeRunner),
  containers: list(anything),
  volumes: list(anything),
  nodeSelector: map,
  tolerations: list(anything),
  labels: map,
  annotations: map,
  workers: anything,
  acceleratorRequirements: anything,
}
const runtimeColumns = columns(
  'Disabled .spec.disabled boolean',
  'ModelFormat .spec.supportedModelFormats[*].modelFormat.name',
  'ModelFramework .spec.supportedModelFormats[*].modelFramework.name',
  'ModelArchitecture .spec.supportedModelFormats[*].modelArchitecture',
  'ModelSizeMin .spec.modelSizeRange.min',
  'ModelSizeMax .spec.modelSizeRange.max',
  'Images .spec.containers[*].image',
)

const modelColumns = columns(
  'Disabled .spec.disabled boolean',
  'Version .spec.version',
  'Vendor .spec.vendor',
  'Framework .spec.modelFramework.name',
  'ModelFormat .spec.modelFormat.name',
  'Architecture .spec.modelArchitecture',
  'Capabilities .spec.modelCapabilities',
  'Size .spec.modelParameterSize',
  'Ready .status.state',
)

const inferenceService = fields({
  model: fields({
    'name*': string,
    kind: preset(string, 'ClusterBaseModel'),
    apiGroup: preset(string, 'ome.io'),
    fineTunedWeights: list(string),
  }),
  runtime: fields({'name*': string, kind: preset(string, 'ClusterServingRuntime'), apiGroup: preset(string, 'ome.io')}),
  engine: engine(ownRunner),
  decoder: engine(ownRunner),
  router: router(ownRunner),
  kedaConfig: anything,
  acceleratorSelector: anything,
  predictor: anything,
})

const condition = fields({
  'type*': string,
  'status*': string,
  reason: string,
  message: string,
  severity: string,
  lastTransitionTime: time,
})
const inferenceStatus = openFields({
  url: string,
  address: anything,
  observedGeneration: int,
  annotations: map,
  conditions: list(condition),
  components: anything,
  modelStatus: anything,
})

const benchmark = fields({
  'endpoint*': anything,
  'task*': string,
  'maxTimePerIteration*': int,
  'maxRequestsPerIteration*': int,
  trafficScenarios: {...list(string), 'x-kubernetes-list-type': 'set'},
  numConcurrency: list(int),
  additionalRequestParams: map,
  dataset: storage,
  'outputLocation*': storage,
  resultFolderName: string,
  serviceMetadata: anything,
  huggingFaceSecretReference: anything,
  podOverride: anything,
})

const accelerator = fields({
  vendor: string,
  family: string,
  model: string,
  'discovery*': fields({nodeSelector: map, affinity: anything, pciVendorID: string, deviceIDs: list(string)}),
  'capabilities*': openFields({memoryGB: quantity, computeCapability: string, features: list(string)}),
  resources: list(fields({'name*': string, quantity: preset(string, '1'), divisible: bool})),
  integration: anything,
  cost: fields({
    perHour: quantity,
    perMillionTokens: quantity,
    spotPerHour: quantity,
    tier: oneOf('low', 'medium', 'high'),
  }),
})

interface OmeKind {
  readonly kind: string
  readonly plural: string
  readonly short?: string
  readonly scope: 'Cluster' | 'Namespaced'
  readonly spec: Schema
  readonly status?: Schema
  readonly columns: readonly PrinterColumn[]
}

const KINDS: readonly OmeKind[] = [
  {
    kind: 'ClusterBaseModel',
    plural: 'clusterbasemodels',
    scope: 'Cluster',
    spec: fields(modelFields),
    status: modelStatus,
    columns: modelColumns,
  },
  {
    kind: 'BaseModel',
    plural: 'basemodels',
    scope: 'Namespaced',
    spec: fields(modelFields),
    status: modelStatus,
    columns: modelColumns,
  },
  {
    kind: 'FineTunedWeight',
    plural: 'finetunedweights',
    scope: 'Cluster',
    spec: fields({
      'baseModelRef*': fields({'name*': string, namespace: string}),
      'modelType*': string,
      'hyperParameters*': anything,
      configuration: anything,
      'storage*': storage,
      displayName: string,
      version: string,
      vendor: string,
      disabled: bool,
    }),
    status: modelStatus,
    columns: columns('Vendor .spec.vendor', 'ModelType .spec.modelType', 'Ready .status.state'),
  },
  {
    kind: 'ClusterServingRuntime',
    plural: 'clusterservingruntimes',
    scope: 'Cluster',
    spec: fields(runtimeFields),
    columns: runtimeColumns,
  },
  {
    kind: 'ServingRuntime',
    plural: 'servingruntimes',
    scope: 'Namespaced',
    spec: fields(runtimeFields),
    columns: runtimeColumns,
  },
  {
    kind: 'InferenceService',
    plural: 'inferenceservices',
    short: 'isvc',
    scope: 'Namespaced',
    spec: inferenceService,
    status: inferenceStatus,
    columns: columns(
      'URL .status.url',
      'Ready .status.conditions[?(@.type=="Ready")].status',
      'BaseModel .spec.model.name',
      'Runtime .spec.runtime.name',
    ),
  },
  {
    kind: 'BenchmarkJob',
    plural: 'benchmarkjobs',
    scope: 'Namespaced',
    spec: benchmark,
    status: openFields({state: string}),
    columns: columns('Status .status.state'),
  },
  {
    kind: 'AcceleratorClass',
    plural: 'acceleratorclasses',
    scope: 'Cluster',
    spec: accelerator,
    status: openFields({nodes: list(string)}),
    columns: columns('Vendor .spec.vendor', 'Family .spec.family', 'Memory .spec.capabilities.memoryGB'),
  },
]

/**
 * Small definitions of the kinds of OME (group `ome.io`, version `v1beta1`): the fields that tools read and write, their
 * rules and the printer columns. What is inside of pods is kept and not checked.
 */
export function omeCrds(): KubeObject[] {
  return KINDS.map(({kind, plural, short, scope, spec, status, columns: additionalPrinterColumns}) => {
    const openAPIV3Schema = fields({
      apiVersion: string,
      kind: string,
      metadata: {type: 'object'},
      spec,
      ...(status === undefined ? {} : {status}),
    })
    const version = {
      name: 'v1beta1',
      served: true,
      storage: true,
      schema: {openAPIV3Schema},
      ...(status === undefined ? {} : {subresources: {status: {}}}),
      additionalPrinterColumns,
    }
    const names = {
      kind,
      plural,
      singular: kind.toLowerCase(),
      listKind: `${kind}List`,
      ...(short === undefined ? {} : {shortNames: [short]}),
    }
    const metadata = {name: `${plural}.ome.io`}
    return {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata,
      spec: {group: 'ome.io', names, scope, versions: [version]},
    }
  })
}
