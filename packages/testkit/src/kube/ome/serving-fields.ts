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
import {versioned} from './model-fields.ts'

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
export const runtimeFields = {
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
export const runtimeColumns = columns(
  'Disabled .spec.disabled boolean',
  'ModelFormat .spec.supportedModelFormats[*].modelFormat.name',
  'ModelFramework .spec.supportedModelFormats[*].modelFramework.name',
  'ModelArchitecture .spec.supportedModelFormats[*].modelArchitecture',
  'ModelSizeMin .spec.modelSizeRange.min',
  'ModelSizeMax .spec.modelSizeRange.max',
  'Images .spec.containers[*].image',
)

export const inferenceService = fields({
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
export const inferenceStatus = openFields({
  url: string,
  address: anything,
  observedGeneration: int,
  annotations: map,
  conditions: list(condition),
  components: anything,
  modelStatus: anything,
})
