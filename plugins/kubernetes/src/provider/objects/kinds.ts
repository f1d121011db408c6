import {type ApiObject, type CallOptions, type ObjectKind, OmniError} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {isDefinition} from './tiers.ts'
import {groupOf, isMap, listAt, textAt} from './values.ts'

/** `services.core` and `core/v1` mean the core group, whose kinds share names with others. */
export const findKind = (
  client: KubeClient,
  word: string,
  options: CallOptions = {},
): Promise<ObjectKind | undefined> =>
  /\.core$/i.test(word)
    ? coreKind(client, word.slice(0, -'.core'.length).toLowerCase(), options)
    : client.findKind(word, options)

async function coreKind(client: KubeClient, word: string, options: CallOptions): Promise<ObjectKind | undefined> {
  const kinds = await client.kinds(options)
  return kinds.find(({group, plural, singular, short, kind}) => {
    const names = [plural, singular, kind.toLowerCase(), ...short]
    return group === '' && names.includes(word)
  })
}

/** The kind of an object, or UNSUPPORTED. */
export async function kindOf(
  client: KubeClient,
  object: Pick<ApiObject, 'apiVersion' | 'kind'>,
  options: CallOptions = {},
): Promise<ObjectKind> {
  const found = await client.findKind(object, options)
  if (found !== undefined) return found
  throw new OmniError('UNSUPPORTED', `the server has no kind '${object.kind}' in '${object.apiVersion}'`, {
    hint: object.apiVersion.startsWith('ome.io/') ? 'omni cluster health' : 'omni apply -f with its definition',
  })
}

/** A kind that is served, or one that a definition in the list makes, or neither. */
export interface KnownKind {
  readonly kind: ObjectKind
  readonly isServed: boolean
}

/** Looks the kinds of all objects up, each once; by `apiVersion kind`. */
export async function kindsOf(
  client: KubeClient,
  objects: readonly ApiObject[],
  options: CallOptions = {},
): Promise<ReadonlyMap<string, KnownKind>> {
  const wanted = new Map(objects.map((object) => [kindKey(object), object]))
  const declared = new Map(
    objects
      .filter(isDefinition)
      .flatMap(declaredKinds)
      .map((kind) => [declaredKey(kind), kind]),
  )
  const served = await client.kinds(options)
  const known = new Map<string, KnownKind>()
  for (const [key, object] of wanted) {
    const group = groupOf(object.apiVersion)
    const isIt = (one: ObjectKind) => one.kind === object.kind && one.group === group && isVersion(one, object)
    const mine = served.find(isIt) ?? (declared.has(key) ? undefined : await client.findKind(object, options))
    const own = declared.get(key)
    if (mine !== undefined) known.set(key, {kind: mine, isServed: true})
    else if (own !== undefined) known.set(key, {kind: own, isServed: false})
  }
  return known
}

export const kindKey = ({apiVersion, kind}: Pick<ApiObject, 'apiVersion' | 'kind'>) => `${apiVersion} ${kind}`

const versionOf = (apiVersion: string) => apiVersion.slice(apiVersion.indexOf('/') + 1)
const isVersion = ({version}: ObjectKind, {apiVersion}: ApiObject) => version === versionOf(apiVersion)
const declaredKey = ({group, version, kind}: ObjectKind) => `${group}/${version} ${kind}`

/** The kinds that a definition will make the server serve. */
function declaredKinds(definition: ApiObject): ObjectKind[] {
  const {spec} = definition
  const kind = textAt(spec, 'names', 'kind') ?? ''
  const plural = textAt(spec, 'names', 'plural') ?? ''
  return listAt(spec, 'versions').flatMap((version) =>
    isMap(version) && version.served !== false
      ? [
          {
            group: textAt(spec, 'group') ?? '',
            version: textAt(version, 'name') ?? '',
            kind,
            plural,
            singular: textAt(spec, 'names', 'singular') ?? kind.toLowerCase(),
            short: [],
            namespaced: textAt(spec, 'scope') !== 'Cluster',
            verbs: [],
          },
        ]
      : [],
  )
}
