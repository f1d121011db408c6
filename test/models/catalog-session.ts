import {type ModelCatalog, type ModelSource, OmniError} from '@omni-cli/sdk'
import type {Session, TextLine} from '@omni-cli/sdk/cli'
import {memorySession} from '../apply/memory-session.ts'

/** A session with a catalogue and sources of models. */
export function catalogSession(
  catalog: ModelCatalog,
  sources: readonly (ModelSource | Error)[] = [],
): Session & Disposable {
  const session = memorySession({})
  const contribution = {kind: 'source', id: 'memory', title: '', plugin: '', module: '', priority: 0} as const
  return {
    ...session,
    async open(kind) {
      if (kind === 'catalog') return catalog as never
      throw new OmniError('UNAVAILABLE', `no plugin supplies a ${kind} provider`)
    },
    openAll: async () => sources.map((provider) => ({contribution, provider: provider as never})),
    [Symbol.dispose]: () => session[Symbol.dispose](),
  }
}

/** What a person reads of a view, without tones. */
export const plain = (lines: readonly TextLine[]): string =>
  lines
    .map((line) =>
      typeof line === 'string' ? line : line.map((part) => (typeof part === 'string' ? part : part[0])).join(''),
    )
    .join('\n')
