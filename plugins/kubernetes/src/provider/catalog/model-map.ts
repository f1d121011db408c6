import type {ApiObject, Model, NamedVersion} from '@omni-cli/sdk'
import {countOf, fieldsAt, isFields, textMapAt, textsAt, wordOf} from '../../fields.ts'
import {parametersOf} from '../../ome/size.ts'

/** A (Cluster)BaseModel as the catalogue shows it. */
export function modelOf(object: ApiObject): Model {
  const {spec, status, metadata} = object
  const fields = fieldsAt(spec)
  const storage = fieldsAt(fields.storage)
  const size = wordOf(fields.modelParameterSize)
  return {
    ...{name: metadata.name, namespace: metadata.namespace},
    status: statusOf(status),
    source: wordOf(storage.storageUri) ?? '',
    displayName: wordOf(fields.displayName),
    vendor: wordOf(fields.vendor),
    version: wordOf(fields.version),
    modelType: wordOf(fields.modelType),
    architecture: wordOf(fields.modelArchitecture),
    format: namedVersionOf(fields.modelFormat),
    framework: namedVersionOf(fields.modelFramework),
    ...{size, parameters: parametersOf(size)},
    quantization: wordOf(fields.quantization),
    capabilities: someTexts(fields, 'modelCapabilities'),
    apiCapabilities: someTexts(fields, 'apiCapabilities'),
    maxTokens: countOf(fields.maxTokens),
    path: wordOf(storage.path),
    secret: wordOf(storage.key),
    disabled: fields.disabled === true ? true : undefined,
    labels: textMapAt(metadata.labels),
    nodesReady: someTexts(status, 'nodesReady'),
    nodesFailed: someTexts(status, 'nodesFailed'),
    createdAt: wordOf(metadata.creationTimestamp),
  }
}

/** What a model says of its config.json: the agent writes it. */
export function configurationOf({spec}: ApiObject): Readonly<Record<string, unknown>> | undefined {
  const {modelConfiguration} = fieldsAt(spec)
  return isFields(modelConfiguration) && Object.keys(modelConfiguration).length > 0 ? modelConfiguration : undefined
}

const STATES: Readonly<Record<string, Model['status']>> = {
  Ready: 'ready',
  Failed: 'failed',
  Creating: 'importing',
  Importing: 'importing',
  In_Transit: 'importing',
  In_Training: 'importing',
}

/** The operator's word; without one its own rule: any node ready, else any failed, else on the way. */
function statusOf(status: unknown): Model['status'] {
  const {state} = fieldsAt(status)
  const told = typeof state === 'string' ? STATES[state] : undefined
  if (told !== undefined) return told
  if (textsAt(status, 'nodesReady').length > 0) return 'ready'
  return textsAt(status, 'nodesFailed').length > 0 ? 'failed' : 'unknown'
}

export function namedVersionOf(value: unknown): NamedVersion | undefined {
  const {name, version} = fieldsAt(value)
  const word = wordOf(name)
  return word === undefined ? undefined : {name: word, version: wordOf(version)}
}

function someTexts(value: unknown, key: string): readonly string[] | undefined {
  const texts = textsAt(value, key)
  return texts.length === 0 ? undefined : texts
}
