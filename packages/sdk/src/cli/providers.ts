import type {DriverContext, ProviderKind, ProviderKinds} from '../contracts/driver.ts'
import {isAbort, messageOf, OmniError} from '../errors.ts'
import {openDeadline} from '../io/deadline.ts'
import {guess} from '../nearest.ts'
import {loadProvider} from './load-provider.ts'
import type {Context, Contribution, Session} from './session.ts'

export interface ProviderOptions {
  readonly context: Context
  readonly contributions: readonly Contribution[]
  /** Id from `--provider` or OMNI_PROVIDER. */
  readonly wanted: string | undefined
  readonly signal: AbortSignal | undefined
  readonly driverContext: () => Promise<DriverContext>
}

/** Key of a kind in `providers:` of a context. */
export const PROVIDER_KEYS: Readonly<Record<ProviderKind, string>> = {
  instance: 'instances',
  service: 'services',
  catalog: 'models',
  source: 'sources',
  cluster: 'clusters',
  object: 'objects',
}

/** Opens drivers on demand, each at most once; a driver's module is imported when it is opened. */
export function openProviders(options: ProviderOptions): Pick<Session, 'open' | 'openAll'> {
  const opened = new Map<Contribution, Promise<ProviderKinds[ProviderKind]>>()

  const openOne = <K extends ProviderKind>(contribution: Contribution): Promise<ProviderKinds[K]> => {
    const known = opened.get(contribution) ?? create(contribution, options)
    opened.set(contribution, known)
    // Only asked for contributions of this kind, and a module of another kind is refused when it is loaded.
    return known as Promise<ProviderKinds[K]>
  }
  const ofKind = (kind: ProviderKind) => options.contributions.filter((contribution) => contribution.kind === kind)

  return {
    async open<K extends ProviderKind>(kind: K, id?: string | undefined): Promise<ProviderKinds[K]> {
      const named = namedProvider(kind, id, options)
      if (named !== undefined) return openOne<K>(findProvider(kind, named, ofKind(kind)))
      const candidates = automatic(ofKind(kind), options.context)
      if (candidates.length === 0) throw nobody(kind, ofKind(kind), options.context)
      return openFirst<ProviderKinds[K]>(kind, candidates, (c) => openOne<K>(c), options.signal)
    },
    async openAll<K extends ProviderKind>(kind: K) {
      return Promise.all(
        ofKind(kind).map(async (contribution) => ({
          contribution,
          provider: await openOne<K>(contribution).catch(toError),
        })),
      )
    },
  }
}

async function create(contribution: Contribution, options: ProviderOptions): Promise<ProviderKinds[ProviderKind]> {
  const definition = await loadProvider(contribution)
  const settings = definition.settings.safeParse(options.context[contribution.id] ?? {})
  if (!settings.success) {
    const problems = settings.error.issues.map(
      ({path, message}) => `${[contribution.id, ...path].map(String).join('.')}: ${message}`,
    )
    throw new OmniError('CONFIG_INVALID', `context '${options.context.name}': ${problems.join('\n')}`, {
      hint: 'omni config edit',
      details: {context: options.context.name, problems},
    })
  }
  return definition.create(await options.driverContext(), settings.data)
}

/** Argument, then flag or OMNI_PROVIDER when a driver of this kind has that id, then the context. */
function namedProvider(kind: ProviderKind, id: string | undefined, options: ProviderOptions): string | undefined {
  if (id !== undefined) return id
  const {wanted, context, contributions} = options
  const isOfOtherKind =
    contributions.some((c) => c.id === wanted) && !contributions.some((c) => c.id === wanted && c.kind === kind)
  return (isOfOtherKind ? undefined : wanted) ?? context.providers?.[PROVIDER_KEYS[kind]]
}

function findProvider(kind: ProviderKind, id: string, candidates: readonly Contribution[]): Contribution {
  const found = candidates.find((contribution) => contribution.id === id)
  if (found !== undefined) return found
  const ids = candidates.map((contribution) => contribution.id)
  throw new OmniError('NOT_FOUND', `there is no ${kind} provider '${id}'${guess(id, ids)}`, {
    hint: 'omni provider list',
  })
}

/**
 * Highest priority first. Those that need a key which the context does not have are not asked; where it has the key, its owner
 * means them, and nobody else is asked.
 */
function automatic(candidates: readonly Contribution[], context: Context): readonly Contribution[] {
  const usable = candidates.filter(({requires}) => requires === undefined || context[requires] !== undefined)
  const meant = usable.filter(({requires}) => requires !== undefined)
  return (meant.length > 0 ? meant : usable).toSorted((a, b) => b.priority - a.priority || a.id.localeCompare(b.id))
}

function nobody(kind: ProviderKind, candidates: readonly Contribution[], context: Context): OmniError {
  const needed = candidates.find(({requires}) => requires !== undefined)
  if (needed === undefined) {
    return new OmniError('UNAVAILABLE', `no plugin here supplies a provider of kind '${kind}'`, {
      hint: 'omni plugin list',
    })
  }
  const hint = needed.requires === 'cluster' ? 'omni cluster connect' : 'omni config edit'
  const message = `${PROVIDER_KEYS[kind]} need '${needed.requires}', which context '${context.name}' does not have`
  return new OmniError('UNAVAILABLE', message, {hint})
}

async function openFirst<Provider extends object>(
  kind: ProviderKind,
  candidates: readonly Contribution[],
  open: (contribution: Contribution) => Promise<Provider>,
  signal: AbortSignal | undefined,
): Promise<Provider> {
  const [only, ...others] = candidates
  // The only one is taken as it is: its own errors tell more than a refusal here, and a request is saved.
  if (only !== undefined && others.length === 0) return open(only)
  const rejections: {readonly id: string; readonly reason: string; readonly hint?: string | undefined}[] = []
  for (const contribution of candidates) {
    try {
      const provider = await open(contribution)
      const health = await checkProvider(provider, contribution.id, signal)
      if (health.ok) return provider
      rejections.push({id: contribution.id, reason: health.message ?? 'not available', hint: health.hint})
    } catch (error) {
      if (isAbort(error)) throw error
      rejections.push({id: contribution.id, reason: messageOf(error)})
    }
  }
  const reasons = rejections.map(({id, reason, hint}) => `${id}: ${reason}${hint === undefined ? '' : ` (${hint})`}`)
  throw new OmniError('UNAVAILABLE', `no ${kind} provider is available\n${reasons.join('\n')}`, {
    hint: 'omni provider list',
    details: {rejections},
  })
}

interface Checked {
  readonly ok: boolean
  readonly message?: string | undefined
  readonly hint?: string | undefined
}

/** One that nobody named is waited for no longer: those who do not use it must not feel that it hangs. */
const CHECK_MS = 5_000

/** A provider without `check` needs nothing to be there. */
async function checkProvider(provider: object, id: string, signal: AbortSignal | undefined): Promise<Checked> {
  if (!('check' in provider) || typeof provider.check !== 'function') return {ok: true}
  using deadline = openDeadline(signal, CHECK_MS, `'${id}'`)
  try {
    return await provider.check({signal: deadline.signal})
  } catch (error) {
    throw deadline.error ?? error
  }
}

const toError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))
