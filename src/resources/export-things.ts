import {type ApiObject, type CallOptions, mapLimit, type ObjectApi, OmniError} from '@omni-cli/sdk'
import {itemView, type Session, toYaml, type View} from '@omni-cli/sdk/cli'
import {hasObjects} from '../apply/objects/has-objects.ts'
import {findKind} from './kinds.ts'
import {type NamedObjects, objectsInWords, refOfName} from './object-words.ts'

/** Our own kinds → the kinds of objects that stand for one of them, the first that is there. */
const STANDS_FOR: Readonly<Record<string, readonly string[]>> = {
  model: ['basemodel.ome.io', 'clusterbasemodel.ome.io'],
  runtime: ['servingruntime.ome.io', 'clusterservingruntime.ome.io'],
  accelerator: ['acceleratorclass.ome.io'],
}

/** Objects of an application, in the order they are written. */
const PARTS = [
  'deployment.apps',
  'service.core',
  'ingress.networking.k8s.io',
  'horizontalpodautoscaler.autoscaling',
  'configmap.core',
  'secret.core',
]

/** Label that objects of an application have from this program. */
const SERVICE_LABEL = 'omni.service'

/**
 * Things as documents that can be applied again: of a served model its InferenceService, of an application its objects.
 * NOT_FOUND for what is not there; UNSUPPORTED without a cluster.
 */
export async function exportThings(session: Session, words: readonly string[], options: CallOptions): Promise<View> {
  const {signal} = options
  if (!hasObjects(session)) {
    throw new OmniError(
      'UNSUPPORTED',
      `only things of a cluster are exported; context '${session.context.name}' has none`,
      {
        hint: 'omni cluster connect',
      },
    )
  }
  const named = await objectsInWords(session, words, {signal})
  const api = named?.api ?? (await session.open('object'))
  const objects = named === undefined ? await ownThings(api, words, {signal}) : await namedObjects(named, {signal})
  const plain = await mapLimit(objects, 8, (object) => api.exported(object, {signal}))
  const [only, ...others] = plain
  const data = others.length === 0 ? only : {apiVersion: 'v1', kind: 'List', metadata: {}, items: plain}
  const texts = await mapLimit(plain, 8, toYaml)
  return itemView<unknown>({data, text: () => texts.flatMap((text) => ['---', ...text.trimEnd().split('\n')])})
}

/** All of the kind, when none is named. */
async function namedObjects(named: NamedObjects, options: CallOptions): Promise<readonly ApiObject[]> {
  const {api, kind, names} = named
  if (names.length > 0) return mapLimit(names, 8, (name) => needed(api, refOfName(named, name), options))
  return (await api.list(kind, {...options, whole: true})).rows.map(({object}) => object)
}

/**
 * Whether the words of a command line name things of a cluster, by their kind: `service web`, `configmap/settings`. Machines are
 * exported otherwise.
 */
export async function isOfCluster(session: Session, words: readonly string[], options: CallOptions): Promise<boolean> {
  const [first = ''] = words
  if (words.length < 2 && !first.includes('/')) return false
  const own = findKind(first.includes('/') ? first.slice(0, first.indexOf('/')) : first)
  if (own !== undefined) return own.contract !== 'instance'
  return (await objectsInWords(session, words, options)) !== undefined
}

async function ownThings(api: ObjectApi, words: readonly string[], options: CallOptions): Promise<ApiObject[]> {
  const [first = '', ...rest] = words
  const slash = first.indexOf('/')
  const kind = findKind(slash === -1 ? first : first.slice(0, slash))
  const names = slash === -1 ? rest : words.map((word) => word.slice(word.indexOf('/') + 1))
  if (kind === undefined || names.length === 0) throw new OmniError('USAGE', 'name what is exported: KIND NAME…')
  const found = await mapLimit(names, 8, (name) =>
    kind.kind === 'service'
      ? serviceObjects(api, name, options)
      : standIn(api, STANDS_FOR[kind.kind] ?? [], name, options),
  )
  const missing = names.filter((_, index) => found[index]?.length === 0)
  if (missing.length === 0) return found.flat()
  throw new OmniError('NOT_FOUND', `there is no ${kind.kind} '${missing.join("', '")}' in the cluster`, {
    hint: `omni get ${kind.plural}`,
  })
}

async function serviceObjects(api: ObjectApi, name: string, options: CallOptions): Promise<ApiObject[]> {
  const served = await standIn(api, ['inferenceservice.ome.io'], name, options)
  if (served.length > 0) return served
  const parts = await mapLimit(PARTS, 8, async (word) => {
    const kind = await api.findKind(word, options)
    if (kind === undefined) return []
    const {rows} = await api.list(kind, {...options, labels: {[SERVICE_LABEL]: name}, whole: true})
    return rows.map(({object}) => object).filter(isPart)
  })
  const labelled = parts.flat()
  return labelled.length > 0 ? labelled : standIn(api, ['deployment.apps'], name, options)
}

/** Records of releases are the engine's own. */
function isPart({metadata}: ApiObject): boolean {
  const {labels} = metadata
  return !(typeof labels === 'object' && labels !== null && 'omni.role' in labels && labels['omni.role'] === 'record')
}

/** The object of that name of the first kind that has one. */
async function standIn(
  api: ObjectApi,
  words: readonly string[],
  name: string,
  options: CallOptions,
): Promise<ApiObject[]> {
  for (const word of words) {
    const kind = await api.findKind(word, options)
    const object = kind === undefined ? undefined : await api.get(refOfName({api, kind}, name), options)
    if (object !== undefined) return [object]
  }
  return []
}

async function needed(api: ObjectApi, ref: ReturnType<typeof refOfName>, options: CallOptions): Promise<ApiObject> {
  const object = await api.get(ref, options)
  if (object !== undefined) return object
  throw new OmniError('NOT_FOUND', `there is no ${ref.kind} '${ref.name}'`, {
    hint: `omni get ${ref.kind.toLowerCase()}`,
  })
}
