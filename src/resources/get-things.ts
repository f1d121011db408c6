import {isOmniError, OmniError} from '@omni-cli/sdk'
import type {ListView, OutputFormat, Session} from '@omni-cli/sdk/cli'
import type {AnyKind, Named} from './kind.ts'
import {findKind, kindsText, requireKind} from './kinds.ts'
import {type ListQuery, listKind} from './list-kind.ts'
import {parseTargets, resolveTargets} from './target.ts'

export interface GetOptions extends Omit<ListQuery, 'names'> {
  readonly format: OutputFormat
}

/** `KIND`, `KIND NAME…`, `KIND/NAME…` of one kind, or a NAME that only one kind has. */
export async function getThings(
  session: Session,
  words: readonly string[],
  options: GetOptions,
): Promise<ListView<Named>> {
  const {format, ...query} = options
  if (query.watch && (format === 'json' || format === 'yaml')) {
    throw new OmniError('USAGE', `--watch never ends, so ${format} cannot be closed`, {hint: '--output jsonl'})
  }
  const {kind, names} = await kindAndNames(session, words, query)
  return listKind(session, kind, {...query, names})
}

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
    if (isOmniError(error) && ['NOT_FOUND', 'UNAVAILABLE'].includes(error.code)) requireKind(first)
    throw error
  })
  const [target] = targets
  if (target === undefined || targets.some(({kind}) => kind !== target.kind)) requireKind(first)
  return {kind: target?.kind ?? requireKind(first), names: targets.map(({name}) => name)}
}
