import type {ApiObject, ObjectChange} from '@omni-cli/sdk'
import {groupOf, isMap, textAt} from './values.ts'

/** Annotations that OME does not copy into pods. */
const NOT_COPIED = [
  'autoscaling.knative.dev/min-scale',
  'autoscaling.knative.dev/max-scale',
  'kubectl.kubernetes.io/last-applied-configuration',
]

/** What changes cost that does not show in them. */
export function restartWarnings(live: ApiObject, changes: readonly ObjectChange[]): string[] {
  const group = groupOf(live.apiVersion)
  if (group === 'ome.io' && live.kind === 'InferenceService') return inferenceWarnings(live, changes)
  if (group === 'ome.io' && /^(Cluster)?BaseModel$/.test(live.kind)) return modelWarnings(changes)
  return []
}

/** OME copies labels and annotations of an InferenceService into the pods of each component. */
function inferenceWarnings(live: ApiObject, changes: readonly ObjectChange[]): string[] {
  const copied = changes
    .map(({path}) => path)
    .filter((path) => /^metadata\.(labels|annotations)(\.|$)/.test(path))
    .filter((path) => !NOT_COPIED.some((name) => path.endsWith(name)))
  if (copied.length === 0) return []
  const components = ['engine', 'decoder', 'router', 'predictor'].filter(
    (name) => isMap(live.spec) && live.spec[name] !== undefined,
  )
  const what = components.length === 0 ? 'all its pods' : `the pods of ${components.join(', ')}`
  return [`restarts ${what}: labels and annotations are copied into pods`]
}

function modelWarnings(changes: readonly ObjectChange[]): string[] {
  const moved = changes.find(({path}) => path === 'spec.storage.storageUri' || path === 'spec.storage.path')
  return moved === undefined
    ? []
    : [`OME does not download again when ${textAt(moved, 'path')} changes: delete the model and create it`]
}
