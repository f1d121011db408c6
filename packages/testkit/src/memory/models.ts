import {
  type Model,
  type ModelCatalog,
  type ModelRuntime,
  type ModelSource,
  type ModelSpec,
  OmniError,
  type ResolvedModel,
  type RuntimeSpec,
} from '@omni-cli/sdk'
import {createMemoryCollection} from './collection.ts'

/** Models and runtimes in memory. */
export function createMemoryCatalog(): ModelCatalog {
  return {
    name: 'memory',
    check: async () => ({ok: true, version: '1'}),
    models: createMemoryCollection<ModelSpec, Model>({
      kind: 'model',
      nameOf: (spec) => spec.name,
      labelsOf: (model) => model.labels ?? {},
      observe: (spec) => ({...spec, status: 'ready'}),
    }).collection,
    runtimes: createMemoryCollection<RuntimeSpec, ModelRuntime>({
      kind: 'runtime',
      nameOf: (spec) => spec.name,
      labelsOf: (runtime) => runtime.labels ?? {},
      observe: (spec) => ({...spec, enabled: true}),
    }).collection,
  }
}

/** A source that knows the given models. */
export function createMemorySource(models: readonly ResolvedModel[]): ModelSource {
  return {
    name: 'memory',
    schemes: [...new Set(models.map(({ref}) => ref.split('://')[0] ?? ''))],
    async resolve(ref) {
      const found = models.find((model) => model.ref === ref)
      if (found === undefined) throw new OmniError('NOT_FOUND', `no model '${ref}'`)
      return found
    },
    search: async (query, options = {}) => models.filter(({ref}) => ref.includes(query)).slice(0, options.limit ?? 20),
  }
}
