import type {ApiObject, ServingSpec} from '@omni-cli/sdk'
import type {AutoscaleSettings} from './autoscale.ts'
import type {RuntimeParts} from './runtime-parts.ts'

export interface ManifestInput {
  readonly spec: ServingSpec
  readonly namespace: string
  readonly apiVersion: string
  /** `BaseModel` or `ClusterBaseModel`. */
  readonly modelKind: string
  /** The one that is named, or that the operator will take; undefined when that is not known. */
  readonly runtime: RuntimeParts | undefined
  readonly autoscale?: AutoscaleSettings | undefined
}

/**
 * The InferenceService. Fewest and most replicas are always written: what is left out becomes 1 to 3 for engines and 1 to 2 for
 * routers, scaled by CPU. Routers and decoders of a runtime are only made when the service names them.
 */
export function inferenceService({
  spec,
  namespace,
  apiVersion,
  modelKind,
  runtime,
  autoscale,
}: ManifestInput): ApiObject {
  const isNamed = spec.runtime !== undefined
  const annotations = autoscale?.annotations ?? {}
  const size = {minReplicas: spec.minReplicas, maxReplicas: spec.maxReplicas}
  const fixed = {minReplicas: 1, maxReplicas: 1}
  return {
    apiVersion,
    kind: 'InferenceService',
    metadata: {
      ...{name: spec.name, namespace},
      ...(spec.labels === undefined || Object.keys(spec.labels).length === 0 ? {} : {labels: spec.labels}),
      ...(Object.keys(annotations).length === 0 ? {} : {annotations}),
    },
    spec: {
      model: {name: spec.model, ...(modelKind === 'ClusterBaseModel' ? {} : {kind: modelKind})},
      ...(isNamed ? {runtime: runtimeRef(spec.runtime ?? '', runtime)} : {}),
      ...(spec.accelerator === undefined ? {} : {acceleratorSelector: {acceleratorClass: spec.accelerator}}),
      engine: {...size, ...autoscale?.engine, ...canaryOf(spec)},
      ...(spec.decoder === true ? {decoder: fixed} : {}),
      ...(runtime?.hasRouter === true ? {router: fixed} : {}),
    },
  }
}

const canaryOf = ({canary}: ServingSpec): object => (canary === undefined ? {} : {canaryTrafficPercent: canary})

export const runtimeRef = (name: string, runtime: Pick<RuntimeParts, 'kind'> | undefined): object => ({
  name,
  ...(runtime === undefined || runtime.kind === 'ClusterServingRuntime' ? {} : {kind: runtime.kind}),
})
