import {OmniError} from '@omni-cli/sdk'

/** A call of a method of a driver, before it is made or after it has succeeded. */
export interface Call {
  /** `create`, `snapshots.create`. */
  readonly method: string
  /** 1 for the first call of this method. */
  readonly nth: number
  readonly when: 'before' | 'after'
  readonly args: readonly unknown[]
}

/** May throw, which is what the caller gets then; may take its time; may abort something. */
export type Intervene = (call: Call) => unknown

/** Give iterables: a fault has to come while they are read. */
const STREAMS = new Set(['logs.read', 'logs.pieces', 'events.read'])

/**
 * The same driver with all its facets, each call of which is told to `intervene`. What throws before a call keeps it from
 * happening; what throws after it hides that it has happened, as a connection does that breaks in between.
 */
export function intercept<Driver extends object>(driver: Driver, intervene: Intervene): Driver {
  const counts = new Map<string, number>()
  const wrap = (method: string, run: (...args: unknown[]) => unknown) => {
    if (STREAMS.has(method)) return run
    return async (...args: unknown[]) => {
      const nth = (counts.get(method) ?? 0) + 1
      counts.set(method, nth)
      await intervene({method, nth, when: 'before', args})
      const result = await run(...args)
      await intervene({method, nth, when: 'after', args})
      return result
    }
  }
  const wrapAll = <T extends object>(target: T, prefix: string): T => {
    const entries = Object.entries(target).map(([key, value]) => {
      if (typeof value === 'function') return [key, wrap(`${prefix}${key}`, value.bind(target))]
      const isFacet = isRecord(value) && Object.values(value).some((part) => typeof part === 'function')
      return [key, isFacet && prefix === '' ? wrapAll(value, `${key}.`) : value]
    })
    // The same keys with values of the same types.
    return Object.fromEntries(entries) as T
  }
  return wrapAll(driver, '')
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Map)

export interface FailOptions {
  /** Which call of the method; 1 is the first. Default 1. */
  readonly nth?: number | undefined
  /** `after`: it has happened all the same. Default `before`. */
  readonly when?: 'before' | 'after' | undefined
  readonly error?: Error | undefined
}

/** Fails one call of a method. */
export function failCall(method: string, {nth = 1, when = 'before', error}: FailOptions = {}): Intervene {
  return (call) => {
    if (call.method !== method || call.nth !== nth || call.when !== when) return
    throw error ?? new OmniError('UNAVAILABLE', `'${method}' failed on purpose`)
  }
}
