import {describe, expect, it} from 'vitest'
import {namedRuntimeError, select} from '../../src/ome/select.ts'
import {selectModel, selectRuntime} from '../../src/ome/shapes.ts'

const FORMAT = {name: 'safetensors', version: '1.0.0'}
const FRAMEWORK = {name: 'transformers', version: '4.50.0'}
const MODEL = {modelFormat: FORMAT, modelFramework: FRAMEWORK, modelArchitecture: 'PineForCausalLM'}
const ENTRY = {...MODEL, autoSelect: true}

type Fields = Readonly<Record<string, unknown>>

const runtime = (name: string, entry: Fields = {}, spec: Fields = {}, namespace?: string) =>
  selectRuntime(name, namespace, {supportedModelFormats: [{...ENTRY, ...entry}], ...spec})

const ask = (model: Fields, runtimes: ReturnType<typeof runtime>[], accelerators: readonly string[] = []) => {
  const answer = select({model: selectModel('pine', {...MODEL, ...model}), runtimes, namespace: 'team', accelerators})
  return {
    ...answer,
    order: answer.scored.map((one) => one.runtime.name),
    why: answer.excluded.map(({reason}) => reason),
  }
}

const detail = (reason: string | undefined) => reason?.split('not in supported formats: ')[1]

describe('candidates', () => {
  it('are those of the namespace and of the cluster, and of no other namespace', () => {
    const {order} = ask({}, [runtime('c'), runtime('n', {}, {}, 'team'), runtime('x', {}, {}, 'other')])

    expect(order).toEqual(['n', 'c'])
  })

  it('a model without a format is served by none', () => {
    expect(ask({modelFormat: {name: ''}}, [runtime('a')]).error).toContain('model format name is required')
    expect(ask({modelFormat: undefined}, [runtime('a')]).order).toEqual([])
  })

  it('a disabled one is excluded', () => {
    expect(ask({}, [runtime('a', {}, {disabled: true})]).why).toEqual(['runtime is disabled'])
  })

  it('a class of devices excludes those that do not list it, which is most of them', () => {
    const lists = runtime('lists', {}, {acceleratorRequirements: {acceleratorClasses: ['h100', 'a100']}})
    const {order, why} = ask({}, [lists, runtime('none')], ['h100'])

    expect(order).toEqual(['lists'])
    expect(why).toEqual(['runtime does not support the required accelerator class'])
    expect(ask({}, [lists], ['h100', 'b200']).order).toEqual([])
  })

  it('without autoSelect it may be named but is not chosen', () => {
    const {order, compatible, error} = ask({}, [runtime('a', {autoSelect: false})])

    expect(order).toEqual([])
    expect(compatible.map(({name}) => name)).toEqual(['a'])
    expect(error).toContain('Checked 1 runtimes (0 namespace-scoped, 1 cluster-scoped)')
  })

  it('autoSelect of another entry is enough, but the score is of those that do not forbid it', () => {
    const other = {...ENTRY, modelArchitecture: 'OakForCausalLM'}
    const own = {...ENTRY, autoSelect: false, priority: 9}
    const both = selectRuntime('a', undefined, {supportedModelFormats: [own, other]})

    expect(ask({}, [both]).scored).toEqual([{runtime: both, score: 2}])
  })
})

describe('entries', () => {
  it.each<[string, Fields, Fields, string]>([
    [
      'another architecture',
      {},
      {modelArchitecture: 'OakForCausalLM'},
      'architecture mismatch (model=PineForCausalLM, runtime=OakForCausalLM)',
    ],
    [
      'an architecture on one side only',
      {},
      {modelArchitecture: undefined},
      'model has architecture PineForCausalLM but runtime has no architecture requirement',
    ],
    [
      'a quantization of the runtime alone',
      {},
      {quantization: 'fp8'},
      'model has no quantization but runtime requires fp8',
    ],
    [
      'a quantization of the model alone',
      {quantization: 'fp8'},
      {},
      'model has quantization fp8 but runtime has no quantization requirement',
    ],
    [
      'another quantization',
      {quantization: 'fp8'},
      {quantization: 'int4'},
      'quantization mismatch (model=fp8, runtime=int4)',
    ],
    ['another format', {}, {modelFormat: {name: 'gguf'}}, 'format name mismatch (model=safetensors, runtime=gguf)'],
    [
      'another version of the format',
      {},
      {modelFormat: {...FORMAT, version: '2.0.0'}},
      'format version mismatch (model=1.0.0, runtime=2.0.0)',
    ],
    [
      'no version of the format',
      {modelFormat: {name: 'safetensors'}},
      {},
      'model has no format version but runtime requires 1.0.0',
    ],
    [
      'an older framework',
      {},
      {modelFramework: {...FRAMEWORK, version: '4.49.0'}},
      'framework version mismatch (model=4.50.0, runtime=4.49.0)',
    ],
    ['no framework', {modelFramework: undefined}, {}, 'model has no framework but runtime requires transformers'],
    [
      'a framework without a version',
      {modelFramework: {name: 'transformers'}},
      {},
      'model has no framework version but runtime requires 4.50.0',
    ],
    [
      'a version that cannot be read',
      {modelFramework: {...FRAMEWORK, version: 'main'}},
      {modelFramework: {...FRAMEWORK, version: 'main'}},
      'framework version mismatch (model=main, runtime=main)',
    ],
    ['an entry without a format', {}, {modelFormat: undefined}, 'unknown mismatch'],
    [
      'two things at once',
      {quantization: 'fp8'},
      {modelArchitecture: 'OakForCausalLM'},
      'architecture mismatch (model=PineForCausalLM, runtime=OakForCausalLM), model has quantization fp8 but runtime has no quantization requirement',
    ],
  ])('%s', (_, model, entry, reason) => {
    expect(detail(ask(model, [runtime('a', entry)]).why[0])).toBe(reason)
  })
})

describe('several entries, operators and pipelines', () => {
  it('one entry that matches is enough, and else each says why it does not', () => {
    const entries = [
      {...ENTRY, quantization: 'fp8'},
      {...ENTRY, modelArchitecture: 'OakForCausalLM'},
    ]
    const of = (...supportedModelFormats: unknown[]) => selectRuntime('a', undefined, {supportedModelFormats})

    expect(ask({}, [of(...entries, ENTRY)]).order).toEqual(['a'])
    expect(detail(ask({}, [of(...entries)]).why[0])?.split('; ')).toHaveLength(2)
    expect(detail(ask({}, [of()]).why[0])).toBe('no supported formats defined')
  })

  it('the operator of the version is the runtime’s', () => {
    const newer = {...FRAMEWORK, version: '4.60.0', operator: 'GreaterThanOrEqual'}

    expect(ask({}, [runtime('a', {modelFramework: newer})]).order).toEqual(['a'])
    expect(
      ask({modelFramework: {...FRAMEWORK, operator: 'GreaterThanOrEqual'}}, [
        runtime('a', {modelFramework: {...newer, operator: 'Equal'}}),
      ]).order,
    ).toEqual([])
  })

  it.each<[string, unknown, unknown, string | undefined]>([
    [
      'asked for by the runtime, not there',
      undefined,
      {className: 'P'},
      'diffusion pipeline required by runtime but not specified in model',
    ],
    ['of the model alone does not matter', {className: 'P'}, undefined, undefined],
    ['of another class', {className: 'Q'}, {className: 'P'}, 'pipeline class mismatch (model=Q, runtime=P)'],
    [
      'without the part',
      {className: 'P'},
      {vae: {library: 'd'}},
      'component vae required by runtime but not specified in model',
    ],
    ['with another library', {vae: {library: 'e'}}, {vae: {library: 'd'}}, 'vae library mismatch (model=e, runtime=d)'],
    [
      'with another type',
      {vae: {library: 'd', type: 'x'}},
      {vae: {library: 'd', type: 'y'}},
      'vae type mismatch (model=x, runtime=y)',
    ],
    [
      'without what is additional',
      {},
      {additionalComponents: {up: {type: 'x'}}},
      'diffusion pipeline missing required additional components',
    ],
    [
      'with other additional parts',
      {additionalComponents: {down: {}}},
      {additionalComponents: {up: {}}},
      'diffusion component up missing in model',
    ],
    ['the same', {className: 'P', vae: {type: 'x'}}, {className: 'P', vae: {type: 'x'}}, undefined],
  ])('a pipeline %s', (_, model, entry, reason) => {
    expect(detail(ask({diffusionPipeline: model}, [runtime('a', {diffusionPipeline: entry})]).why[0])).toBe(reason)
  })
})

describe('sizes', () => {
  const sized = (name: string, min?: string, max?: string) => runtime(name, {}, {modelSizeRange: {min, max}})

  it('outside of the range it is excluded, both ends are inside', () => {
    const seven = sized('a', '7B', '9B')

    expect(ask({modelParameterSize: '7B'}, [seven]).order).toEqual(['a'])
    expect(ask({modelParameterSize: '9000M'}, [seven]).order).toEqual(['a'])
    expect(ask({modelParameterSize: '6.9B'}, [seven]).why).toEqual([
      'model size 6.9B is outside supported range [7B, 9B]',
    ])
    expect(ask({modelParameterSize: '8b'}, [seven]).why).toEqual(['model size 8b is outside supported range [7B, 9B]'])
  })

  it('a model without a size passes every range', () => {
    expect(ask({}, [sized('a', '7B', '9B')]).order).toEqual(['a'])
  })

  it('a range with one end is excluded with a reason: the operator would crash on it', () => {
    const {order, why} = ask({modelParameterSize: '8B'}, [
      sized('a', '7B'),
      sized('b', undefined, '9B'),
      sized('c', '7B', '9B'),
    ])

    expect(order).toEqual(['c'])
    expect(why).toEqual([expect.stringContaining('has no max'), expect.stringContaining('has no min')])
  })

  it('the narrowest range wins, but none at all beats it', () => {
    const {order} = ask({modelParameterSize: '8B'}, [sized('a', '1B', '90B'), sized('b', '7B', '9B'), runtime('z')])

    expect(order).toEqual(['z', 'b', 'a'])
  })
})

describe('order', () => {
  it('of equals the name decides, and of a model without a size the range plays no part', () => {
    const {order} = ask({}, [runtime('b'), runtime('a', {}, {modelSizeRange: {min: '1B', max: '2B'}})])

    expect(order).toEqual(['a', 'b'])
  })

  it('the score is the weights times the priority, and the defaults of the schema count', () => {
    const weighted = (weight: number | undefined) => ({
      modelFormat: {...FORMAT, weight},
      modelFramework: {...FRAMEWORK, weight},
    })
    const {scored} = ask({}, [
      runtime('a'),
      runtime('b', {priority: 2}),
      runtime('c', weighted(3)),
      runtime('d', weighted(0)),
    ])

    expect(scored.map(({runtime: {name}, score}) => [name, score])).toEqual([
      ['d', 15],
      ['c', 6],
      ['b', 4],
      ['a', 2],
    ])
  })

  it('the namespace goes before the cluster, whatever the score', () => {
    const {order} = ask({}, [runtime('c', {priority: 9}), runtime('n', {}, {}, 'team')])

    expect(order).toEqual(['n', 'c'])
  })

  it('a score of 0 is not chosen: a model and a runtime that both name no framework still have one', () => {
    const bare = {modelFramework: undefined}

    expect(ask(bare, [runtime('a', bare)]).scored.map(({score}) => score)).toEqual([1])
  })
})

describe('a runtime that is named', () => {
  const named = (name: string, runtimes: ReturnType<typeof runtime>[]) =>
    namedRuntimeError({model: selectModel('pine', MODEL), runtimes, namespace: 'team', name})

  it('need not be one that is chosen by itself', () => {
    expect(named('a', [runtime('a', {autoSelect: false})])).toBeUndefined()
  })

  it('must be there, in the namespace or the cluster', () => {
    expect(named('b', [runtime('a')])).toBe('runtime b not found in namespace team or at cluster scope')
    expect(named('a', [runtime('a', {}, {}, 'other')])).toContain('not found')
  })

  it('must not be disabled, and the one of the namespace counts', () => {
    expect(named('a', [runtime('a'), runtime('a', {}, {disabled: true}, 'team')])).toBe(
      'namespace-scoped runtime a is disabled',
    )
  })

  it('must be compatible', () => {
    expect(named('a', [runtime('a', {quantization: 'fp8'})])).toMatch(
      /^runtime a does not support model safetensors: .*fp8$/,
    )
  })
})

describe('objects of other versions of OME', () => {
  it.each([
    undefined,
    null,
    7,
    'text',
    [],
    {supportedModelFormats: 'x'},
    {supportedModelFormats: [null, 3]},
    {modelSizeRange: 4},
  ])('a spec of %j is read without a failure', (spec) => {
    expect(
      select({model: selectModel('m', MODEL), runtimes: [selectRuntime('a', undefined, spec)], namespace: 'n'}).scored,
    ).toEqual([])
    expect(select({model: selectModel('m', spec), runtimes: [], namespace: 'n'}).error).toBeDefined()
  })
})
