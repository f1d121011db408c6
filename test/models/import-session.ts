import {type ModelCatalog, type ModelSource, OmniError, type ResolvedModel, silentLogger} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import {createMemoryCatalog, createMemorySource} from '@omni-cli/testkit'

/** A model that a source of tests knows. */
export const found = (name: string, more: Partial<ResolvedModel> = {}): ResolvedModel => ({
  ...{ref: `hf://ivory/${name}`, revision: 'c0ffee', pinned: `hf://ivory/${name}@c0ffee`, vendor: 'ivory'},
  ...{modelType: 'llama', architecture: 'LlamaForCausalLM', parameters: 8e9, size: '8B', maxTokens: 8192},
  ...{capabilities: ['TEXT_TO_TEXT'], access: 'open', readable: true, sizeBytes: 16e9, license: 'mit', warnings: []},
  ...more,
})

export interface ImportWorld {
  readonly session: Session
  readonly catalog: ModelCatalog
  /** Secrets that were put, with their tokens. */
  readonly secrets: Map<string, string>
}

interface Parts {
  readonly token?: string | undefined
  readonly source?: Partial<ModelSource> | undefined
  readonly catalog?: Partial<ModelCatalog> | undefined
  readonly namespace?: string | undefined
}

/** A session with a catalogue in memory and a source that knows these models. */
export function importWorld(
  models: readonly ResolvedModel[],
  {token, source, catalog, namespace}: Parts = {},
): ImportWorld {
  const secrets = new Map<string, string>()
  const memory = createMemorySource(models)
  const known: ModelSource = {
    ...memory,
    schemes: ['hf'],
    resolve: (ref) => memory.resolve(ref.startsWith('hf://') ? ref : `hf://${ref}`),
    search: async (query, {vendor} = {}) =>
      models.filter(({ref}) => ref.startsWith(`hf://${vendor ?? ''}`) && ref.includes(query)),
    credential: async () => (token === undefined ? undefined : {token, from: '$HF_TOKEN'}),
    ...source,
  }
  const all: ModelCatalog = {
    ...createMemoryCatalog(),
    credentials: {
      has: async (name) => secrets.has(name),
      put: async (name, value) => {
        secrets.set(name, value)
      },
    },
    ...catalog,
  }
  const contribution = {kind: 'source', id: 'memory', title: '', plugin: '', module: '', priority: 0} as const
  const session: Session = {
    ...{home: '/nonexistent', configFile: '/nonexistent', context: {name: 'test'}, namespace, log: silentLogger},
    config: {contexts: [], preferences: {}, plugins: [], aliases: {}},
    contributions: [contribution],
    async open(kind) {
      if (kind === 'catalog') return all as never
      throw new OmniError('UNAVAILABLE', `no plugin supplies a ${kind} provider`)
    },
    async openAll(kind) {
      return kind === 'source' ? ([{contribution, provider: known}] as never) : []
    },
  }
  return {session, catalog: all, secrets}
}
