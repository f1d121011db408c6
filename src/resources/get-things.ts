import {isOmniError, OmniError} from '@omni-cli/sdk'
import type {OutputFormat, Session, View} from '@omni-cli/sdk/cli'
import {exportThings} from './export-things.ts'
import type {AnyKind} from './kind.ts'
import {findKind, kindsText} from './kinds.ts'
import {type ListQuery, listKind} from './list-kind.ts'
import {listObjects, type ObjectQuery} from './object-list.ts'
import {objectsInWords, objectsOfOwnWord, unknownKind} from './object-words.ts'
import {parseTargets, resolveTargets} from './target.ts'

export interface GetOptions extends Omit<ListQuery, 'names'> {
  readonly format: OutputFormat
  /** As it would be written into a file. */
  readonly exports?: boolean | undefined
}

/** `KIND`, `KIND NAME…`, `KIND/NAME…` of one kind, or a NAME that only one kind has. */
export async function getThings(session: Session, words: readonly string[], options: GetOptions): Promise<View> {
  const {format, exports: isExport = false, ...query} = options
  if (query.watch && (format === 'json' || format === 'yaml')) {
    throw new OmniError('USAGE', `--watch never ends, so ${format} cannot be closed`, {hint: '--output jsonl'})
  }
  if (isExport) return exportThings(session, words, options)
  const objects = await objectsInWords(session, words, query)
  if (objects !== undefined) return listObjects(objects, objectQuery(options))
  const {kind, names} = await kindAndNames(session, words, query)
  try {
    return await listKind(session, kind, {...query, names})
  } catch (error) {
    // The engine of a cluster has no such things of its own, and the cluster may have objects of that name: nodes.
    const served =
      isOmniError(error) && error.code === 'UNSUPPORTED' ? await objectsOfOwnWord(session, words, query) : undefined
    if (served === undefined) throw error
    return listObjects(served, objectQuery(options))
  }
}

const objectQuery = (options: GetOptions): ObjectQuery => ({...options, allNamespaces: options.allProjects === true})

interface KindAndNames {
  readonly kind: AnyKind
  readonly names: readonly string[]
}

async function kindAndNames(
  session: Session,
  words: readonly string[],
  query: Pick<ListQuery, 'signal'>,
): Promise<KindAndNames> {
  const [first, ...rest] = words
  if (first === undefined)
    throw new OmniError('USAGE', `which kind of things?\n${kindsText()}`, {hint: 'omni get services'})
  const kind = findKind(first)
  if (kind !== undefined && rest.length === 0) return {kind, names: []}
  const targets = parseTargets(words)
  const named = targets[0]?.kind
  if (named !== undefined) {
    if (targets.every((target) => target.kind === named)) return {kind: named, names: targets.map(({name}) => name)}
    throw new OmniError('USAGE', 'give things of one kind at a time', {hint: `omni get ${named.kind} NAME…`})
  }
  return searched(session, first, words, query)
}

/** Not a kind, so it should be a name; when it is none either, the kind was mistyped. */
async function searched(
  session: Session,
  first: string,
  words: readonly string[],
  query: Pick<ListQuery, 'signal'>,
): Promise<KindAndNames> {
  const targets = await resolveTargets(session, words, query).catch((error: unknown) => {
    if (isOmniError(error) && ['NOT_FOUND', 'UNAVAILABLE'].includes(error.code)) return []
    throw error
  })
  const [target] = targets
  if (target === undefined || targets.some(({kind}) => kind !== target.kind))
    throw await unknownKind(session, first, query)
  return {kind: target.kind, names: targets.map(({name}) => name)}
}
