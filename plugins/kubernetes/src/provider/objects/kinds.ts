import {type ApiObject, type CallOptions, type ObjectKind, OmniError} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {isDefinition} from './tiers.ts'
import {isMap, listAt, textAt} from './values.ts'

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
  const known = servedOf(await client.kinds(options), wanted)
  // A kind may be new since the server was last asked.
  const fresh = known.size === wanted.size ? known : servedOf(await client.kinds({...options, fresh: true}), wanted)
  return new Map(
    [...wanted.keys()].flatMap((key) => {
      const kind = fresh.get(key) ?? declared.get(key)
      return kind === undefined ? [] : [[key, {kind, isServed: fresh.has(key)}] as const]
    }),
  )
}

function servedOf(kinds: readonly ObjectKind[], wanted: ReadonlyMap<string, unknown>): ReadonlyMap<string, ObjectKind> {
  const found = kinds.map((kind) => [declaredKey(kind), kind] as const)
  return new Map(found.filter(([key]) => wanted.has(key)))
}

export const kindKey = ({apiVersion, kind}: Pick<ApiObject, 'apiVersion' | 'kind'>) => `${apiVersion} ${kind}`

const declaredKey = ({group, version, kind}: ObjectKind) =>
  kindKey({apiVersion: group === '' ? version : `${group}/${version}`, kind})

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
