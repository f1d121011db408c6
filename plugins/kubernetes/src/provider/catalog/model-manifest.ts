import {type ApiObject, type ModelSpec, type NamedVersion, type ObjectKind, OmniError} from '@omni-cli/sdk'
import {uriProblem} from '../objects/problems/storage-uri.ts'

/** INVALID for a source that the operator cannot read: the API server would take it silently. Else a remark, when there is one. */
export function checkSource(source: string): string | undefined {
  const problem = uriProblem(source, 'model')
  if (problem?.severity === 'error') throw new OmniError('INVALID', problem.message, {hint: problem.hint})
  return problem?.message
}

/** The object that means this model. Only what the spec says; the agent fills the rest in from the files. */
export function modelManifest(spec: ModelSpec, {kind, group, version}: ObjectKind): ApiObject {
  const {name, namespace, labels} = spec
  return {
    apiVersion: `${group}/${version}`,
    kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : {namespace}),
      ...(labels === undefined || Object.keys(labels).length === 0 ? {} : {labels}),
    },
    spec: withoutUndefined({
      displayName: spec.displayName,
      vendor: spec.vendor,
      version: spec.version,
      disabled: spec.disabled,
      modelType: spec.modelType,
      modelArchitecture: spec.architecture,
      modelFormat: versionField(spec.format),
      modelFramework: versionField(spec.framework),
      modelParameterSize: spec.size,
      quantization: spec.quantization,
      maxTokens: spec.maxTokens,
      modelCapabilities: spec.capabilities,
      apiCapabilities: spec.apiCapabilities,
      // Without a path the agent of the versions that are known crashes.
      storage: withoutUndefined({storageUri: spec.source, path: spec.path ?? defaultPath(spec), key: spec.secret}),
    }),
  }
}

/** Where OME's own catalogue puts models; the files of a `local://` model are where they are. */
function defaultPath({source, vendor, name}: ModelSpec): string {
  if (source.startsWith('local://')) return source.slice('local://'.length)
  const owner = /^hf:\/\/([\w.-]+)\//.exec(source)?.[1]
  return `/raid/models/${(vendor ?? owner ?? 'models').replaceAll(/[^\w.-]/g, '-')}/${name}`
}

const versionField = (value: NamedVersion | undefined) => value && withoutUndefined({...value})

const withoutUndefined = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
