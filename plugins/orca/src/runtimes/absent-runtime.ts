import {messageOf, OmniError} from '@omni-cli/sdk'
import type {Runtime} from './runtime.ts'

/** Stands for a runtime that cannot be opened: whatever is asked of it fails with the reason. */
export function absentRuntime(name: string, reason: unknown): Runtime {
  const hint = reason instanceof OmniError ? reason.hint : undefined
  const fail = async (): Promise<never> => {
    throw new OmniError('UNAVAILABLE', messageOf(reason), {hint, cause: reason})
  }
  return {
    name,
    sources: [],
    check: async () => ({ok: false, message: messageOf(reason), ...(hint === undefined ? {} : {hint})}),
    problems: () => [],
    warnings: () => [],
    prepare: fail,
    prune: async () => undefined,
    create: fail,
    stop: fail,
    remove: fail,
    list: fail,
    purge: fail,
    // biome-ignore lint/correctness/useYield: there is nothing to read
    async *logs() {
      await fail()
    },
    lastLines: fail,
    exec: fail,
    open: fail,
    stats: fail,
    subscribe: () => () => undefined,
    close: async () => undefined,
  }
}
