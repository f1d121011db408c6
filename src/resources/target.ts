import {type CallOptions, isAbort, isOmniError, OmniError} from '@omni-cli/sdk'
import {PROVIDER_KEYS, type Session} from '@omni-cli/sdk/cli'
import type {AnyKind, Named, OpenKind} from './kind.ts'
import {findKind, KINDS, requireKind} from './kinds.ts'

/** What a command line names, before it is looked up. */
export interface TargetName {
  /** Undefined: a name alone, to be searched in all kinds. */
  readonly kind: AnyKind | undefined
  readonly name: string
}

/** A thing that was found. */
export interface Target {
  readonly kind: AnyKind
  readonly name: string
  /** `service/web`. */
  readonly ref: string
  readonly state: Named
  readonly open: OpenKind
}

export interface TargetOptions extends CallOptions {
  /** Kinds that the verb serves. Default: all. */
  readonly kinds?: readonly AnyKind[] | undefined
}

/** `NAME…`, `KIND NAME…` or `KIND/NAME…` → names with their kinds. USAGE for an unknown kind. */
export function parseTargets(words: readonly string[], kinds: readonly AnyKind[] = KINDS): TargetName[] {
  const [first = '', ...rest] = words
  const kind = rest.length > 0 && !first.includes('/') ? findKind(first, kinds) : undefined
  return (kind === undefined ? words : rest).map((word) => {
    const slash = word.indexOf('/')
    if (slash === -1) return {kind, name: word}
    const named = findKind(word.slice(0, slash), kinds)
    // `release web/r3`
    if (named === undefined && kind !== undefined) return {kind, name: word}
    return {kind: named ?? requireKind(word.slice(0, slash), kinds), name: word.slice(slash + 1)}
  })
}

/**
 * Looks the words of a command line up. NOT_FOUND for a name that is nowhere; CONFLICT, listing the choices, for one
 * that several kinds have.
 */
export async function resolveTargets(
  session: Session,
  words: readonly string[],
  options: TargetOptions = {},
): Promise<Target[]> {
  const {kinds = KINDS, ...call} = options
  const found = await Promise.all(parseTargets(words, kinds).map((target) => lookUp(session, target, kinds, call)))
  return [...new Map(found.map((target) => [target.ref, target])).values()]
}

/** Exactly one. USAGE when the words name none or several. */
export async function resolveTarget(
  session: Session,
  words: readonly string[],
  options: TargetOptions = {},
): Promise<Target> {
  if (parseTargets(words, options.kinds).length !== 1) {
    throw new OmniError('USAGE', 'name one thing: NAME, KIND NAME or KIND/NAME')
  }
  const [target] = await resolveTargets(session, words, options)
  if (target === undefined) throw new OmniError('NOT_FOUND', 'there is no such thing')
  return target
}

async function lookUp(
  session: Session,
  {kind, name}: TargetName,
  kinds: readonly AnyKind[],
  call: CallOptions,
): Promise<Target> {
  const candidates = kind === undefined ? servedKinds(session, kinds) : [kind]
  const failures = new Map<AnyKind, OmniError>()
  const looks = candidates.map((candidate) =>
    find(session, candidate, name, call).catch((error: unknown) => {
      if (kind !== undefined || isAbort(error) || !isOmniError(error)) throw error
      failures.set(candidate, error)
      return undefined
    }),
  )
  const found = (await Promise.all(looks)).filter((target) => target !== undefined)
  const [first, ...others] = found
  if (first === undefined) throw nowhere(session, {kind, name}, failures)
  if (others.length === 0) return first
  const choices = found.map(({ref}) => ref)
  throw new OmniError('CONFLICT', `'${name}' is the name of several things: ${choices.join(', ')}`, {
    hint: `write ${choices.join(' or ')}`,
    details: {choices},
  })
}

/** Kinds that some plugin serves here. */
const servedKinds = (session: Session, kinds: readonly AnyKind[]): AnyKind[] => {
  const searched = kinds.filter(({needsKind}) => needsKind !== true)
  const served = searched.filter(({contract}) =>
    session.contributions.some(
      ({kind, requires}) => kind === contract && (requires === undefined || session.context[requires] !== undefined),
    ),
  )
  return served.length === 0 ? searched : served
}

/** The context says who serves this kind: that it does not answer is a failure then, not just nothing to find. */
export const isConfigured = (session: Session, {contract}: AnyKind): boolean =>
  session.context.providers?.[PROVIDER_KEYS[contract]] !== undefined ||
  session.contributions.some(({kind, id}) => kind === contract && session.context[id] !== undefined)

async function find(session: Session, kind: AnyKind, name: string, call: CallOptions): Promise<Target | undefined> {
  const open = await kind.open(session)
  const state = await open.get(name, call)
  return state === undefined ? undefined : {kind, name, ref: `${kind.kind}/${name}`, state, open}
}

/** Not found; where it may well be, nobody answers: that is the error then. */
function nowhere(session: Session, {kind, name}: TargetName, failures: ReadonlyMap<AnyKind, OmniError>): OmniError {
  // A driver that has no such facet has no such things.
  const unanswered = [...failures].filter(([, {code}]) => code !== 'UNSUPPORTED')
  const needed = unanswered.find(([one]) => isConfigured(session, one))
  if (needed !== undefined) return needed[1]
  const message = kind === undefined ? `nothing is called '${name}'` : `there is no ${kind.kind} '${name}'`
  const reasons = new Map(unanswered.map(([{contract}, error]) => [contract, error.message]))
  const lines = [...reasons].map(([contract, reason]) => `${PROVIDER_KEYS[contract]} could not be looked up: ${reason}`)
  return new OmniError('NOT_FOUND', [message, ...lines].join('\n'), {
    hint: `omni get ${kind?.plural ?? 'services'}`,
    details: {name, ...(kind === undefined ? {} : {kind: kind.kind})},
  })
}
