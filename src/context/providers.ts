import {isAbort, mapLimit, messageOf} from '@omni-cli/sdk'
import type {Contribution, Matrix, Session} from '@omni-cli/sdk/cli'

/** What is known of a driver after it was opened and asked. */
export interface ProviderReport {
  readonly kind: string
  readonly id: string
  readonly title: string
  readonly plugin: string
  readonly ok: boolean
  readonly version?: string | undefined
  readonly message?: string | undefined
  /** A command that helps. */
  readonly hint?: string | undefined
  /** What it can do beyond its kind's core. */
  readonly facets: readonly string[]
}

const KINDS = ['service', 'instance', 'catalog', 'source'] as const

/** A driver that does not answer at all is not waited for longer. */
const CHECK_TIMEOUT_MS = 10_000

/** Opens and asks every driver; whatever is wrong with one is in its report. */
export async function reportProviders(
  session: Session,
  options: {readonly signal: AbortSignal},
): Promise<ProviderReport[]> {
  const opened = (await Promise.all(KINDS.map((kind) => session.openAll(kind)))).flat()
  return mapLimit(opened, 8, ({contribution, provider}) => reportProvider(contribution, provider, options.signal))
}

async function reportProvider(
  contribution: Contribution,
  provider: object,
  signal: AbortSignal,
): Promise<ProviderReport> {
  const {kind, id, title, plugin} = contribution
  const base = {kind, id, title, plugin}
  if (provider instanceof Error)
    return {...base, ok: false, message: provider.message, hint: hintOf(provider), facets: []}
  const facets = facetsOf(provider)
  if (!('check' in provider) || typeof provider.check !== 'function') return {...base, ok: true, facets}
  try {
    const health = await provider.check({signal: AbortSignal.any([signal, AbortSignal.timeout(CHECK_TIMEOUT_MS)])})
    return {
      ...base,
      ok: health.ok === true,
      version: health.version,
      message: health.message,
      hint: health.hint,
      facets,
    }
  } catch (error) {
    signal.throwIfAborted()
    const message = isAbort(error) ? `no answer within ${CHECK_TIMEOUT_MS / 1000}s` : messageOf(error)
    return {...base, ok: false, message, hint: hintOf(error), facets}
  }
}

const hintOf = (error: unknown): string | undefined =>
  error instanceof Error && 'hint' in error && typeof error.hint === 'string' ? error.hint : undefined

/** Facts about the core methods are no facet. */
const NO_FACETS = new Set(['traits'])

/** A facet is an object on the provider: whole or absent. */
export function facetsOf(provider: object): string[] {
  const names = new Set<string>()
  for (
    let level: object | null = provider;
    level !== null && level !== Object.prototype;
    level = Object.getPrototypeOf(level)
  ) {
    for (const name of Object.getOwnPropertyNames(level)) names.add(name)
  }
  return [...names]
    .filter((name) => !NO_FACETS.has(name) && !name.startsWith('_'))
    .filter((name) => {
      const value: unknown = Reflect.get(provider, name)
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    })
    .toSorted()
}

/** Which driver can do what, a table for each kind. */
export function facetMatrices(reports: readonly ProviderReport[]): readonly Matrix[] {
  const kinds = [...new Set(reports.map(({kind}) => kind))]
  return kinds.map((kind) => {
    const drivers = reports.filter((report) => report.kind === kind)
    const facets = [...new Set(drivers.flatMap((driver) => driver.facets))].toSorted()
    return {
      corner: kind,
      columns: drivers.map(({id}) => id),
      rows: facets.map((name) => ({name, cells: drivers.map((driver) => (driver.facets.includes(name) ? 'yes' : ''))})),
    }
  })
}
