import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {parseLenient} from '../../src/reading/json.ts'
import {KNOWN_TYPES, readConfig, weightBytes} from '../../src/reading/read-config.ts'
import {sizeText} from '../../src/reading/size-text.ts'

const fixtures = process.env.OMNI_TEST_FIXTURES ?? ''
const golden = join(fixtures, 'ome-golden', 'hf-config-parse.json')
const configs = join(fixtures, 'ome-samples', 'hf-configs')

/** Needs the answers of the operator's own parser: `OMNI_TEST_FIXTURES` names their folder. */
describe.skipIf(fixtures === '' || !existsSync(golden))('answers of the operator', () => {
  const told = fixtures === '' ? {models: {}} : JSON.parse(readFileSync(golden, 'utf8'))

  it.each(Object.keys(told.models))('%s is read the same way', (file) => {
    const config = parseLenient(readFileSync(join(configs, file), 'utf8')) ?? {}
    const wanted = told.models[file]

    expect(summary(config)).toEqual(wanted.error === undefined ? summaryOf(wanted) : undefined)
  })

  it('has loaders for the same types', () => {
    expect(KNOWN_TYPES).toEqual(told.registeredModelTypes)
  })

  it('answers for every config there is', () => {
    expect(Object.keys(told.models).sort()).toEqual(readdirSync(configs).sort())
  })
})

function summary(config: Readonly<Record<string, unknown>>) {
  const read = readConfig(config)
  if (read === undefined) return undefined
  return {
    modelType: read.modelType,
    architecture: read.architecture,
    params: read.estimatedParameters,
    paramSize: sizeText(read.estimatedParameters),
    maxTokens: read.contextLength,
    quantization: read.quantizationMethod,
    crQuantization: read.quantization ?? null,
    transformers: read.transformersVersion,
    dtype: read.dtype,
    sizeBytes: weightBytes(read.estimatedParameters, read.dtype),
    vision: read.hasVision,
    embedding: read.isEmbedding,
    capabilities: read.capabilities,
  }
}

function summaryOf({goType: _, ...told}: Record<string, unknown>) {
  return told
}

describe('sizes as text', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1500, '1.5K'],
    [7e9, '7B'],
    [70_553_706_496, '70.55B'],
    [539_465_728, '539.47M'],
    [46.7e9, '46.7B'],
    [2_699_201_536, '2.70B'],
    [1.5e12, '1.5T'],
    // What is exact to hundredths gets one digit, and a tie goes to the even one.
    [7.25e9, '7.2B'],
    [7.75e9, '7.8B'],
    [1_125_000_000, '1.12B'],
    [1_375_000_000, '1.38B'],
    [999_999_999, '1000.00M'],
  ])('%d is %s', (parameters, text) => {
    expect(sizeText(parameters)).toBe(text)
  })
})

describe('a config', () => {
  const base = {model_type: 'llama', architectures: ['LlamaForCausalLM'], torch_dtype: 'bfloat16'}

  it('with Infinity and NaN is read', () => {
    const config = parseLenient(
      '{"model_type": "ivory", "a": Infinity, "b": [-Infinity, NaN], "c": "NaN, not a number"}',
    )

    expect(config).toEqual({model_type: 'ivory', a: 1e308, b: [-1e308, null], c: 'NaN, not a number'})
  })

  it.each([['no JSON'], ['[]'], ['null'], ['"text"'], ['['.repeat(200_000)]])('that is %.10s is none', (text) => {
    expect(parseLenient(text)).toBeUndefined()
  })

  it('without a type is refused by the operator', () => {
    expect(readConfig({architectures: ['LlamaForCausalLM']})).toBeUndefined()
  })

  it.each([
    ['fbgemm_fp8', 'fp8'],
    ['FP8', 'fp8'],
    ['gptq_int4', 'int4'],
    ['mxfp4', undefined],
    ['awq', undefined],
    ['compressed-tensors', undefined],
  ])('with quantisation %s says %s', (method, quantization) => {
    expect(readConfig({...base, quantization_config: {quant_method: method}})?.quantization).toBe(quantization)
  })

  it('of an unknown type takes what it lacks from its language part', () => {
    const text = {
      hidden_size: 64,
      num_hidden_layers: 2,
      vocab_size: 100,
      max_position_embeddings: 512,
      torch_dtype: 'float16',
    }

    expect(readConfig({model_type: 'ivory', llm_config: text, vision_config: {}})).toMatchObject({
      estimatedParameters: 64 * 100 + 2 * 12 * 64 * 64,
      contextLength: 512,
      dtype: 'float16',
      capabilities: ['IMAGE_TEXT_TO_TEXT'],
      isKnownType: false,
    })
  })

  it('of an unknown type with experts counts them', () => {
    const config = {
      ...{model_type: 'ivory', hidden_size: 8, num_hidden_layers: 1, vocab_size: 10},
      ...{intermediate_size: 4, num_local_experts: 3},
    }

    expect(readConfig(config)?.estimatedParameters).toBe(8 * 10 + 4 * 64 + 3 * 2 * 8 * 4 + 8 * 3 + 2 * 8)
  })

  it('of type mistral is for embeddings, whatever it is', () => {
    expect(readConfig({model_type: 'mistral', architectures: ['MistralForCausalLM']})?.capabilities).toEqual([
      'EMBEDDING',
    ])
  })

  it('of type qwen3 is for embeddings when its sentences are compared', () => {
    expect(readConfig({model_type: 'qwen3'}, 'cosine')?.capabilities).toEqual(['EMBEDDING'])
    expect(readConfig({model_type: 'qwen3'})?.capabilities).toEqual(['TEXT_TO_TEXT'])
  })

  it('with values of other kinds than they should be is read as far as it goes', () => {
    const odd = {model_type: 'llama', architectures: null, hidden_size: 'big', torch_dtype: 7, quantization_config: []}

    expect(readConfig(odd)).toMatchObject({architecture: 'LlamaForCausalLM', dtype: '', quantization: undefined})
  })
})
