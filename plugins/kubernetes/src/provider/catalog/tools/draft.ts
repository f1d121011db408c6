import {
  type ApiObject,
  type CallOptions,
  isOmniError,
  type ObjectKind,
  OmniError,
  type RuntimeDraft,
} from '@omni-cli/sdk'
import type {KubeClient} from '../../../client/kube-client.ts'
import {type Fields, fieldsAt, isFields, listAt} from '../../../fields.ts'
import {flagCount, programOf} from '../../../ome/arguments.ts'
import {runnersOf} from '../../../ome/runner.ts'
import {containerGpus} from '../../inference/resources.ts'
import {checkObject} from '../../objects/problems/check.ts'
import type {Schemas} from '../../objects/problems/schema.ts'
import {getTwin} from '../kinds.ts'
import {RUNTIME_TWIN} from '../runtimes.ts'
import {withSetting, withSize} from './settings.ts'

/** The manifest of a draft, as the schema wants it. USAGE with all problems. */
export function draftManifest(
  base: Fields,
  draft: RuntimeDraft,
  {kind, schemas}: {readonly kind: ObjectKind; readonly schemas: Schemas | undefined},
): ApiObject {
  const isCopy = 'runtime' in draft.from
  // A twin that is picked by itself would take services away from its model.
  const start = isCopy ? withSetting(base, 'autoSelect=false', schemas) : base
  const sized = draft.size === undefined ? start : withSize(start, draft.size)
  const {architecture, gpus, set = []} = draft
  const words = [
    ...(architecture === undefined ? [] : [`architecture=${architecture}`]),
    ...(gpus === undefined ? [] : [`gpus=${gpus}`]),
    ...(gpus === undefined || isCopy ? [] : usualAmounts(gpus)),
    ...set,
  ]
  const made = words.reduce((manifest, word) => withSetting(manifest, word, schemas), sized)
  const {labels, annotations} = fieldsAt(made, 'metadata')
  const manifest: ApiObject = {
    apiVersion: `${kind.group}/${kind.version}`,
    kind: kind.kind,
    metadata: {
      name: draft.name,
      ...(kind.namespaced && draft.namespace !== undefined ? {namespace: draft.namespace} : {}),
      ...(isFields(labels) ? {labels} : {}),
      ...(isFields(annotations) ? {annotations: withoutApplied(annotations)} : {}),
    },
    spec: fieldsAt(made, 'spec'),
  }
  refuseWrong(manifest, schemas)
  return manifest
}

/** What OME's own charts ask for beside that many devices. */
const usualAmounts = (gpus: number): string[] => [
  `memory=${gpus === 1 ? 30 : 40 * gpus}Gi`,
  `cpu=${gpus === 1 ? 10 : Math.min(40, Math.max(20, 5 * gpus))}`,
]

const withoutApplied = (annotations: Fields): Fields =>
  Object.fromEntries(
    Object.entries(annotations).filter(([key]) => key !== 'kubectl.kubernetes.io/last-applied-configuration'),
  )

function refuseWrong(manifest: ApiObject, schemas: Schemas | undefined): void {
  const fields = schemas === undefined ? [] : checkObject(schemas, manifest)
  const problems = [
    ...fields.map(({path, message, hint}) => `${path.join('.')}: ${message}${hint === undefined ? '' : `; ${hint}`}`),
    ...shapeProblems(manifest),
  ]
  if (problems.length === 0) return
  throw new OmniError('USAGE', `this would be no runtime:\n${problems.join('\n')}`, {details: {problems}})
}

/** What no schema tells. */
export function shapeProblems({spec}: ApiObject): string[] {
  const {main, nodes} = runnersOf(spec)
  const gpus = main === undefined ? 0 : containerGpus(main)
  const program = programOf(main)
  const split = (flagCount(program, 'tensorParallel') ?? 1) * (flagCount(program, 'pipelineParallel') ?? 1)
  const {min, max} = fieldsAt(spec, 'modelSizeRange')
  return [
    ...(main === undefined ? ['spec.engineConfig.runner: there is no container that serves'] : []),
    ...(listAt(spec, 'supportedModelFormats').length === 0 ? ['spec.supportedModelFormats: it serves no model'] : []),
    ...(gpus > 0 && split > gpus * nodes
      ? [`the model is split over ${split} devices, and a replica has ${gpus * nodes}`]
      : []),
    ...((min === undefined) !== (max === undefined)
      ? ['spec.modelSizeRange: give both ends; the operator crashes on one']
      : []),
  ]
}

/** What the draft starts from. NOT_FOUND for a runtime that is not there. */
export async function baseOf(client: KubeClient, {from}: RuntimeDraft, call: CallOptions): Promise<Fields> {
  if ('manifest' in from) return from.manifest
  const found = await getTwin(client, RUNTIME_TWIN, from.runtime, call).catch((error: unknown) => {
    if (isOmniError(error) && error.code === 'NOT_FOUND') return undefined
    throw error
  })
  if (found === undefined)
    throw new OmniError('NOT_FOUND', `there is no runtime '${from.runtime}'`, {hint: 'omni get runtimes'})
  return found.object
}
