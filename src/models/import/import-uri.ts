import type {ModelCatalog, ModelSpec} from '@omni-cli/sdk'
import {OmniError} from '@omni-cli/sdk'
import {itemView, type Session, type TextLine, type View} from '@omni-cli/sdk/cli'
import {factLines} from '../../resources/cells.ts'
import {wishesOf} from './import-models.ts'
import {differences, modelName, requireName, requirePath, type SpecWishes, withoutUndefined} from './spec.ts'
import {storageUri} from './uri.ts'
import {plainText} from './view.ts'

export interface UriRequest {
  readonly scheme: string
  readonly address: string
  readonly wishes: Omit<SpecWishes, 'namespace'> &
    Pick<ModelSpec, 'architecture' | 'modelType' | 'size' | 'quantization'>
  readonly scope?: 'cluster' | 'namespace' | undefined
  readonly namespace?: string | undefined
  /** Also what OME cannot fetch. */
  readonly force: boolean
  readonly dryRun: boolean
  readonly signal: AbortSignal
  notice(text: string): void
  approve(): Promise<boolean>
}

interface UriPlan {
  readonly spec: ModelSpec
  readonly action: 'create' | 'created' | 'exists'
  readonly warnings: readonly string[]
}

/**
 * Makes a model of an address that is no hub's. What the files hold is not looked at: the agent reads it on the node. UNSUPPORTED for
 * what OME cannot fetch, unless it is forced. Undefined when the answer was no.
 */
export async function importUri(session: Session, request: UriRequest): Promise<View | undefined> {
  const {scheme, address, force, dryRun, signal, notice} = request
  const {uri, stem, unserved} = storageUri(scheme, address)
  if (unserved !== undefined && !force) {
    throw new OmniError('UNSUPPORTED', `${uri}: ${unserved}`, {
      hint: 'copy the files to the nodes, then omni import local PATH\n--force makes the model all the same, for an operator that can',
    })
  }
  const spec = uriSpec(session, request, {uri, stem})
  const catalog = await session.open('catalog')
  const warnings = [
    ...(unserved === undefined ? [] : [unserved]),
    ...(scheme === 'local' ? ['the files must be in that folder on every node that is to serve it'] : []),
  ]
  const there = await catalog.models.get(spec.name, {signal})
  const differing = there === undefined ? [] : differences(spec, there)
  if (differing.length > 0) throw conflict(spec, differing)
  if (there !== undefined) return uriView({spec, action: 'exists', warnings})
  if (dryRun) return uriView({spec, action: 'create', warnings})
  notice(plainText(specLines({spec, action: 'create', warnings})))
  if (!(await request.approve())) {
    notice('nothing was created')
    return undefined
  }
  await create(catalog, spec, request)
  return uriView({spec, action: 'created', warnings})
}

async function create(catalog: ModelCatalog, spec: ModelSpec, {signal, notice}: UriRequest): Promise<void> {
  await catalog.models.create(spec, {signal, onProgress: notice})
  if ((await catalog.models.get(spec.name, {signal})) === undefined) {
    throw new OmniError('NOT_FOUND', `'${spec.name}' was created and is gone again`, {hint: 'omni get models'})
  }
}

function uriSpec(
  session: Session,
  request: UriRequest,
  {uri, stem}: {readonly uri: string; readonly stem: string},
): ModelSpec {
  const {namespace} = wishesOf(session, request)
  const {displayName, path, vendor, secret, name = modelName(stem)} = request.wishes
  const {architecture, modelType, size, quantization} = request.wishes
  const files =
    request.scheme === 'local' ? uri.slice('local://'.length) : `/raid/models/${vendor ?? request.scheme}/${name}`
  return withoutUndefined({
    ...{name: requireName(name), source: uri, namespace, displayName, vendor, version: '1.0.0'},
    ...{architecture, modelType, size, quantization, path: requirePath(path ?? files), secret},
  })
}

const conflict = ({name}: ModelSpec, differing: readonly string[]): OmniError =>
  new OmniError('CONFLICT', `a model '${name}' is there already and differs\n${differing.join('\n')}`, {
    hint: `--name ANOTHER, or omni delete model ${name} first`,
    details: {name, differences: differing},
  })

const DONE = {create: 'would be created', created: 'created', exists: 'is there already, and nothing differs'} as const

const uriView = (plan: UriPlan): View<UriPlan> =>
  itemView({
    data: plan,
    ref: `model/${plan.spec.name}`,
    text: () => [[['✔ ', 'good'], `${plan.spec.name}  ${DONE[plan.action]}`], ...specLines(plan).slice(1)],
  })

function specLines({spec, warnings}: UriPlan): TextLine[] {
  const {name, source, namespace, vendor, architecture, modelType, size, quantization, path, secret} = spec
  return [
    [['+ ', 'good'], `model ${name}`],
    ...factLines({source, namespace, vendor, type: modelType, architecture, size, quantization, path, secret}),
    ...warnings.map((warning): TextLine => [['! ', 'warn'], warning]),
  ]
}
