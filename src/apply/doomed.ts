import {type CallOptions, isOmniError, OmniError} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import type {LoadOptions} from '@omni-cli/sdk/engine'
import type {AnyKind, Named, OpenKind} from '../resources/kind.ts'
import {KINDS, requireKind} from '../resources/kinds.ts'
import {objectsInWords} from '../resources/object-words.ts'
import {parseTargets, resolveTargets} from '../resources/target.ts'
import {loadNamed} from './load.ts'
import {doomedByLabels, doomedByWords, doomedInFiles} from './objects/doomed-objects.ts'

/** Something to remove, found. */
export interface Doomed {
  readonly kind: AnyKind
  readonly name: string
  readonly state: Named
  readonly open: OpenKind
  /** Refs that it depends on, when a plan tells. */
  readonly needs?: readonly string[] | undefined
}

/** Kinds of which things can be removed. */
const REMOVABLE = KINDS.filter(({canRemove}) => canRemove)

export interface DoomedQuery extends CallOptions {
  /** `KIND NAME…`, `KIND/NAME…`, `NAME…`; with labels, one kind. */
  readonly words: readonly string[]
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly files: readonly string[]
  /** How the files are read. */
  readonly load?: LoadOptions | undefined
  /** Absent things are no error. What files name may always be absent. */
  readonly ignoreNotFound: boolean
}

/** The things that a command line is about. USAGE unless it names them in exactly one way. */
export async function findDoomed(session: Session, query: DoomedQuery): Promise<Doomed[]> {
  const {words, labels, files, load, signal, ignoreNotFound} = query
  if (files.length > 0 && words.length === 0 && labels === undefined) {
    const manifest = await loadNamed({...load, files, signal})
    const named = manifest.resources.map(({kind, name}) => `${kind}/${name}`)
    return [
      ...(await doomedByName(session, named, {signal, ignoreNotFound: true})),
      ...(await doomedInFiles(session, manifest, {signal})),
    ]
  }
  const objects = isWithKind(words, labels) ? await objectsInWords(session, words, {signal}) : undefined
  if (objects !== undefined && files.length === 0) {
    if (labels !== undefined && objects.names.length === 0) return doomedByLabels(objects, labels, {signal})
    if (labels === undefined && objects.names.length > 0) return doomedByWords(objects, {signal, ignoreNotFound})
  }
  const [word = '', ...others] = words
  if (files.length === 0 && labels !== undefined && word !== '' && others.length === 0) {
    return doomedByLabel(session, word, {labels, signal})
  }
  if (files.length === 0 && labels === undefined && words.length > 0) {
    return doomedByName(session, words, {signal, ignoreNotFound})
  }
  throw new OmniError('USAGE', 'say what: KIND NAME…, or KIND --label KEY=VALUE, or --file FILE')
}

/** Else the words are names alone, which no kind of a cluster is looked up for. */
const isWithKind = (words: readonly string[], labels: unknown) =>
  labels !== undefined || words.length > 1 || words.some((word) => word.includes('/'))

/** The things a command line names. USAGE for a kind that cannot be removed, NOT_FOUND unless ignored. */
export async function doomedByName(
  session: Session,
  words: readonly string[],
  options: CallOptions & {readonly ignoreNotFound: boolean},
): Promise<Doomed[]> {
  const {ignoreNotFound, signal} = options
  const targets = parseTargets(words, KINDS)
  for (const {kind} of targets) {
    if (kind !== undefined && !kind.canRemove) throw new OmniError('USAGE', `a ${kind.kind} cannot be deleted`)
  }
  const found = await Promise.all(
    targets.map(async ({kind, name}) => {
      const word = kind === undefined ? name : `${kind.kind}/${name}`
      try {
        return await resolveTargets(session, [word], {kinds: REMOVABLE, signal})
      } catch (error) {
        if (ignoreNotFound && isOmniError(error) && error.code === 'NOT_FOUND') return []
        throw error
      }
    }),
  )
  return [...new Map(found.flat().map((target) => [target.ref, target])).values()]
}

/** All things of a kind with the labels. */
async function doomedByLabel(
  session: Session,
  word: string,
  options: CallOptions & {readonly labels: Readonly<Record<string, string>>},
): Promise<Doomed[]> {
  const kind = requireKind(word, REMOVABLE)
  const open = await kind.open(session)
  const {labels, signal} = options
  const rows = await open.list({labels, signal})
  const matches = rows.filter((row) => {
    const own = kind.labelsOf?.(row) ?? {}
    return Object.entries(labels).every(([key, value]) => Object.hasOwn(own, key) && own[key] === value)
  })
  return matches.map((state) => ({kind, name: state.name, state, open}))
}
