import type {Schema} from '../schema.ts'
import {anything, bool, columns, fields, int, list, map, oneOf, preset, string} from './fields.ts'

export const versioned = (name: string): Schema =>
  fields({
    [name]: string,
    version: string,
    operator: preset(oneOf('Equal', 'GreaterThan', 'GreaterThanOrEqual'), 'Equal'),
    weight: preset(int, 1),
  })

export const storage = fields({
  'storageUri*': string,
  path: string,
  schemaPath: string,
  parameters: map,
  key: string,
  nodeSelector: map,
  nodeAffinity: anything,
  downloadPolicy: oneOf('AlwaysDownload', 'ReuseIfExists'),
})

export const modelFields = {
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

export const modelStatus = fields({
  'state*': oneOf('Creating', 'Importing', 'In_Transit', 'In_Training', 'Ready', 'Failed'),
  lifecycle: string,
  nodesReady: list(string),
  nodesFailed: list(string),
})

export const modelColumns = columns(
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
