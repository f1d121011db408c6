import {type CallOptions, guess, type ObjectApi, type ObjectKind, type ObjectRef, OmniError} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import {hasObjects} from '../apply/objects/has-objects.ts'
import {findKind, KINDS, kindsText} from './kinds.ts'

/** One kind of objects, and names of some of it. */
export interface NamedObjects {
  readonly api: ObjectApi
  readonly kind: ObjectKind
  /** `web`, or `shop/web` for one of another namespace. Empty: all. */
  readonly names: readonly string[]
}

/**
 * `KIND`, `KIND NAME…` or `KIND/NAME…` of a kind that a cluster serves. Undefined without a cluster, for words of our own kinds, and for
 * what is no kind of the cluster. USAGE for several kinds at once.
 */
export async function objectsInWords(
  session: Session,
  words: readonly string[],
  options: CallOptions = {},
): Promise<NamedObjects | undefined> {
  const [first, ...rest] = words
  if (first === undefined || !hasObjects(session)) return undefined
  const slash = first.indexOf('/')
  const word = slash === -1 ? first : first.slice(0, slash)
  if (findKind(word) !== undefined) return undefined
  const api = await session.open('object')
  const kind = await api.findKind(word, options)
  if (kind === undefined) return undefined
  if (slash === -1) return {api, kind, names: rest}
  const foreign = words.filter((one) => !one.startsWith(`${word}/`))
  if (foreign.length > 0) {
    throw new OmniError('USAGE', 'give objects of one kind at a time', {hint: `omni get ${kind.plural} NAME…`})
  }
  return {api, kind, names: words.map((one) => one.slice(word.length + 1))}
}

/** The same for a word of ours that the engine here has nothing of: `nodes` of a cluster. */
export async function objectsOfOwnWord(
  session: Session,
  words: readonly string[],
  options: CallOptions = {},
): Promise<NamedObjects | undefined> {
  const [first = '', ...rest] = words
  if (first.includes('/') || !hasObjects(session)) return undefined
  const api = await session.open('object')
  const kind = await api.findKind(first, options)
  return kind === undefined ? undefined : {api, kind, names: rest}
}

export const apiVersionOf = ({group, version}: ObjectKind): string => (group === '' ? version : `${group}/${version}`)

/** What a name of a command line means. */
export function refOfName({api, kind}: Pick<NamedObjects, 'api' | 'kind'>, name: string): ObjectRef {
  const [first = '', ...rest] = name.split('/')
  const own = {apiVersion: apiVersionOf(kind), kind: kind.kind}
  if (!kind.namespaced) return {...own, name}
  return rest.length === 0 ? {...own, namespace: api.namespace, name} : {...own, namespace: first, name: rest.join('/')}
}

/** USAGE that names the nearest kind, ours or the cluster's. */
export async function unknownKind(session: Session, word: string, options: CallOptions = {}): Promise<OmniError> {
  const own = KINDS.flatMap(({kind, plural, short}) => [kind, plural, ...short])
  const served = hasObjects(session) ? await (await session.open('object')).kinds(options) : []
  const words = [...own, ...served.flatMap(({plural, singular, short}) => [plural, singular, ...short])]
  const more = served.length === 0 ? '' : `\nand ${served.length} kinds of the cluster`
  return new OmniError('USAGE', `there is no kind '${word}'${guess(word, words)}\n${kindsText()}${more}`, {
    hint: 'omni get services',
  })
}
