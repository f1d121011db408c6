import {
  type CallOptions,
  type Download,
  isAbort,
  isOmniError,
  type Model,
  type ModelCatalog,
  type ModelSource,
  type ModelSpec,
  OmniError,
} from '@omni-cli/sdk'
import type {Progress} from '@omni-cli/sdk/cli'
import {actOnEach} from '../../apps/act.ts'
import type {ImportPlan, PlannedModel} from './plan.ts'

/** What became of one model. */
export interface ImportedModel {
  readonly name: string
  readonly namespace?: string | undefined
  readonly source: string
  /** `downloaded`: nothing was created in a cluster. */
  readonly action: 'created' | 'exists' | 'downloaded'
  readonly size?: string | undefined
  /** What the operator takes to serve it; absent: nothing by itself, or it is not known. */
  readonly runtime?: string | undefined
  /** Why no runtime is known. */
  readonly runtimeProblem?: string | undefined
  readonly download?: Download | undefined
  readonly warnings: readonly string[]
}

export interface ApplyImport {
  readonly source: ModelSource
  /** Absent: nothing is created. */
  readonly catalog?: ModelCatalog | undefined
  /** Folder for the files of a model. */
  readonly folderOf?: ((spec: ModelSpec) => string) | undefined
  readonly include?: readonly string[] | undefined
  readonly connections?: number | undefined
  readonly progress: Progress
  readonly signal: AbortSignal
}

const MODELS_AT_ONCE = 4

/** Creates the Secrets, then the models, then fetches files. PARTIAL when some failed; the others are done. */
export async function applyImport(plan: ImportPlan, options: ApplyImport): Promise<ImportedModel[]> {
  const {catalog, folderOf} = options
  for (const secret of plan.secrets) await putSecret(secret, options)
  const byName = new Map(plan.models.map((model) => [model.spec.name, model]))
  // One download uses all connections by itself.
  return actOnEach(byName, (model) => importOne(model, options), folderOf === undefined && catalog ? MODELS_AT_ONCE : 1)
}

async function putSecret({name, namespace, from}: ImportPlan['secrets'][number], options: ApplyImport): Promise<void> {
  if (from === undefined) return
  const {source, catalog, progress, signal} = options
  await progress.step(`create the Secret ${name}`, async () => {
    const credential = await source.credential?.()
    if (credential === undefined) throw new OmniError('UNAUTHORIZED', 'the token is gone')
    await catalog?.credentials?.put(name, credential.token, {namespace, signal})
  })
}

function importOne({found, spec, action}: PlannedModel, options: ApplyImport): Promise<ImportedModel> {
  const {catalog, folderOf, progress, signal} = options
  const verb = catalog === undefined ? 'download' : action === 'create' ? 'create' : 'look at'
  return progress.step(`${verb} ${spec.name}`, async (step) => {
    const call = {signal, onProgress: (note: string) => step.note(note)}
    if (catalog !== undefined && action === 'create') await createModel(catalog, spec, call)
    const served = catalog === undefined ? {} : await runtimeFor(catalog, spec.name, call)
    const isNew = catalog !== undefined && action === 'create'
    const download = folderOf && (await fetchFiles(spec, folderOf(spec), {...options, ...call}).catch(asFetched(isNew)))
    return {
      ...{name: spec.name, namespace: spec.namespace, source: spec.source, size: spec.size},
      action: catalog === undefined ? 'downloaded' : action === 'create' ? 'created' : 'exists',
      ...served,
      download,
      warnings: found.warnings ?? [],
    }
  })
}

/** Created means: read back. */
async function createModel(catalog: ModelCatalog, spec: ModelSpec, call: CallOptions): Promise<Model> {
  await catalog.models.create(spec, call)
  const there = await catalog.models.get(spec.name, call)
  if (there !== undefined) return there
  throw new OmniError('NOT_FOUND', `'${spec.name}' was created and is gone again`, {hint: 'omni get models'})
}

/** What would serve it. That this cannot be told takes nothing from the import. */
async function runtimeFor(
  {selection}: ModelCatalog,
  name: string,
  call: CallOptions,
): Promise<Pick<ImportedModel, 'runtime' | 'runtimeProblem'>> {
  if (selection === undefined) return {}
  try {
    const {selected, error} = await selection.suggest(name, {signal: call.signal})
    return selected === undefined ? {runtimeProblem: error ?? 'none fits by itself'} : {runtime: selected.runtime.name}
  } catch (error) {
    if (isAbort(error) || !isOmniError(error)) throw error
    return {runtimeProblem: error.message}
  }
}

/** Of a model that was created before its files could not be fetched both is told. */
const asFetched = (isNew: boolean) => (error: unknown) => {
  if (!isNew || !isOmniError(error)) throw error
  const {code, message, hint, details} = error
  throw new OmniError(code, `the model is created, and its files are not fetched: ${message}`, {
    ...{hint, details, cause: error},
  })
}

async function fetchFiles(
  spec: ModelSpec,
  folder: string,
  {source, include, connections, signal, onProgress}: ApplyImport & CallOptions,
): Promise<Download> {
  if (source.download === undefined) throw new OmniError('UNSUPPORTED', `${source.name} downloads nothing itself`)
  return source.download(spec.source, folder, {include, connections, signal, onProgress})
}
