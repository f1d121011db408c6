import assert from 'node:assert/strict'
import type {Model, ModelCatalog, ModelRuntime, ModelSource, ModelSpec, RuntimeSpec} from '@omni-cli/sdk'
import type {Check} from './check.ts'
import {type CollectionHarness, collectionChecks} from './collection.ts'
import {rejectsWith} from './expect.ts'

export interface CatalogHarness {
  readonly catalog: ModelCatalog
}

const models = ({catalog}: CatalogHarness): CollectionHarness<ModelSpec, Model> => ({
  collection: catalog.models,
  spec: (name, labels) => ({name, source: `hf://example/${name}`, ...(labels === undefined ? {} : {labels})}),
  nameOf: (model) => model.name,
  differences: (spec, model) => (spec.source === model.source ? [] : ['source']),
  labelsOf: (model) => model.labels ?? {},
})

const runtimes = ({catalog}: CatalogHarness): CollectionHarness<RuntimeSpec, ModelRuntime> => ({
  collection: catalog.runtimes,
  spec: (name, labels) => ({
    name,
    image: 'example/serve:1',
    architectures: ['LlamaForCausalLM'],
    ...(labels === undefined ? {} : {labels}),
  }),
  nameOf: (runtime) => runtime.name,
  differences: (spec, runtime) => (spec.image === runtime.image ? [] : ['image']),
  labelsOf: (runtime) => runtime.labels ?? {},
})

/** The promises of `ModelCatalog`: those of `Collection`, for models and for runtimes. */
export const modelCatalogChecks: readonly Check<CatalogHarness>[] = [
  {
    name: 'check says that it is reachable',
    async run({catalog}) {
      assert.equal((await catalog.check()).ok, true)
    },
  },
  ...collectionChecks<ModelSpec, Model>().map((check) => ({
    name: `models: ${check.name}`,
    run: (h: CatalogHarness) => check.run(models(h)),
  })),
  ...collectionChecks<RuntimeSpec, ModelRuntime>().map((check) => ({
    name: `runtimes: ${check.name}`,
    run: (h: CatalogHarness) => check.run(runtimes(h)),
  })),
  {
    name: 'devices: what is free is part of what there is, and of one node part of all',
    async run({catalog}) {
      if (catalog.accelerators === undefined) return 'no accelerators'
      for (const {name, total, used, free, largestFree} of await catalog.accelerators.list()) {
        assert.ok(Math.min(total, used, free, largestFree) >= 0, `${name}: less than none`)
        assert.ok(free <= total && largestFree <= free, `${name}: ${largestFree} of ${free} of ${total}`)
      }
    },
  },
  {
    name: 'selection: a model that is not there is NOT_FOUND',
    async run({catalog}) {
      const {selection} = catalog
      if (selection === undefined) return 'no selection'
      await rejectsWith('NOT_FOUND', () => selection.suggest('nobody'), 'suggest')
    },
  },
  {
    name: 'selection: every runtime is a candidate or excluded with a reason, and the first with a score is selected',
    async run({catalog}) {
      const {selection, models: known, runtimes: there} = catalog
      if (selection === undefined) return 'no selection'
      await known.create({name: 'omni-pine', source: 'hf://example/pine', architecture: 'LlamaForCausalLM'})
      await there.create({name: 'omni-llama', image: 'example/serve:1', architectures: ['LlamaForCausalLM']})
      await there.create({name: 'omni-oak', image: 'example/serve:1', architectures: ['OakForCausalLM']})
      const {candidates, excluded, selected, error} = await selection.suggest('omni-pine')
      const told = [...candidates.map(({runtime}) => runtime.name), ...excluded.map(({name}) => name)]
      for (const {name} of await there.list()) assert.ok(told.includes(name), `'${name}' is neither`)
      for (const {name, reason} of excluded) assert.notEqual(reason, '', `'${name}' has no reason`)
      assert.equal(selected?.runtime.name, candidates.find(({score}) => score !== undefined)?.runtime.name)
      assert.equal(selected === undefined, error !== undefined, 'a selection, or why there is none')
    },
  },
  {
    name: 'selection: a fit always has a verdict and a sentence',
    async run({catalog}) {
      if (catalog.selection === undefined) return 'no selection'
      const fits = await catalog.selection.fit({size: '7B'}, {gpuMemoryBytes: 80 * 1024 ** 3, gpus: 1})
      assert.ok(fits.length > 0)
      for (const {fit} of fits) assert.notEqual(fit.reason, '')
    },
  },
]

export interface SourceHarness {
  readonly source: ModelSource
  /** A reference that resolves. */
  readonly known: string
  /** One of the right form that names nothing. */
  readonly unknown: string
}

/** The promises of `ModelSource`. */
export const modelSourceChecks: readonly Check<SourceHarness>[] = [
  {
    name: 'a known reference resolves to the same immutable revision each time',
    async run({source, known}) {
      const first = await source.resolve(known)
      assert.equal(first.ref, known)
      assert.notEqual(first.revision, '')
      assert.equal((await source.resolve(known)).revision, first.revision)
    },
  },
  {
    name: 'a reference that names nothing is NOT_FOUND',
    async run({source, unknown}) {
      await rejectsWith('NOT_FOUND', () => source.resolve(unknown), 'resolve')
    },
  },
  {
    name: 'its schemes are the ones of its references',
    async run({source, known}) {
      assert.ok(source.schemes.includes(known.split('://')[0] ?? ''))
    },
  },
  {
    name: 'search respects the limit and finds only what resolves',
    async run({source}) {
      if (source.search === undefined) return 'no search'
      const found = await source.search('', {limit: 2})
      assert.ok(found.length <= 2)
      for (const {ref} of found) assert.equal((await source.resolve(ref)).ref, ref)
    },
  },
]
