import type {PrinterColumn} from '../kinds.ts'
import type {KubeObject} from '../objects.ts'
import type {Schema} from '../schema.ts'
import {anything, bool, columns, fields, int, list, map, oneOf, openFields, preset, quantity, string} from './fields.ts'
import {modelColumns, modelFields, modelStatus, storage} from './model-fields.ts'
import {inferenceService, inferenceStatus, runtimeColumns, runtimeFields} from './serving-fields.ts'

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
