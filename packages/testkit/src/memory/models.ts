import {
  type Accelerator,
  type MemoryFit,
  type Model,
  type ModelCatalog,
  type ModelRuntime,
  type ModelSource,
  type ModelSpec,
  OmniError,
  type ResolvedModel,
  type RuntimeSpec,
  type RuntimeSuggestion,
} from '@omni-cli/sdk'
import {createMemoryCollection} from './collection.ts'

/** Models, runtimes and devices in memory. A runtime serves the models whose architecture it has. */
export function createMemoryCatalog(devices: readonly Accelerator[] = []): ModelCatalog {
  const {collection: models} = createMemoryCollection<ModelSpec, Model>({
    kind: 'model',
    nameOf: (spec) => spec.name,
    labelsOf: (model) => model.labels ?? {},
    observe: (spec) => ({...spec, status: 'ready'}),
  })
  const {collection: runtimes} = createMemoryCollection<RuntimeSpec, ModelRuntime>({
    kind: 'runtime',
    nameOf: (spec) => spec.name,
    labelsOf: (runtime) => runtime.labels ?? {},
    observe: (spec) => ({...spec, enabled: true}),
  })
  return {
    name: 'memory',
    check: async () => ({ok: true, version: '1'}),
    models,
    runtimes,
    accelerators: {list: async () => [...devices]},
    selection: {
      async suggest(name, call) {
        const model = await models.get(name, call)
        if (model === undefined) throw new OmniError('NOT_FOUND', `no model '${name}'`)
        return suggestionOf(model, await runtimes.list(call))
      },
      fit: async () => [{fit: UNKNOWN}],
    },
  }
}

const UNKNOWN: MemoryFit = {verdict: 'unknown', reason: 'memory is not looked at'}

function suggestionOf(model: Model, runtimes: readonly ModelRuntime[]): RuntimeSuggestion {
  const isServed = ({architectures}: ModelRuntime) => architectures.includes(model.architecture ?? '')
  const candidates = runtimes
    .filter(isServed)
    .toSorted((a, b) => a.name.localeCompare(b.name))
    .map((runtime) => ({runtime, score: 1, compatible: true, fit: UNKNOWN}))
  const [selected] = candidates
  const excluded = runtimes.filter((one) => !isServed(one)).map(({name}) => ({name, reason: 'architecture mismatch'}))
  return {
    ...{model, selected, candidates, excluded, warnings: []},
    recommended: selected && {name: selected.runtime.name, reason: 'the first'},
    error: selected === undefined ? `no runtime found to support model ${model.name}` : undefined,
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
