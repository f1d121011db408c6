import {describe, expect, it} from 'vitest'
import {memoryFit} from '../../src/ome/fit.ts'
import {modelFacts} from '../../src/ome/model-facts.ts'

const GiB = 1024 ** 3

/** Shapes as the config.json of well-known families has them. */
const SHAPES = {
  /** Grouped queries: 8 heads of keys and values for 64 of queries. */
  grouped70b: {
    ...{model_type: 'llama', torch_dtype: 'bfloat16', vocab_size: 128_256, max_position_embeddings: 131_072},
    ...{hidden_size: 8192, intermediate_size: 28_672, num_hidden_layers: 80},
    ...{num_attention_heads: 64, num_key_value_heads: 8},
  },
  /** Every head has its own keys and values. */
  multiHead7b: {
    ...{model_type: 'llama', torch_dtype: 'float16', vocab_size: 32_000, max_position_embeddings: 4096},
    ...{hidden_size: 4096, intermediate_size: 11_008, num_hidden_layers: 32, num_attention_heads: 32},
  },
  /** Latent attention and 256 experts, in fp8. */
  latent671b: {
    ...{model_type: 'deepseek_v3', torch_dtype: 'bfloat16', vocab_size: 129_280, max_position_embeddings: 163_840},
    ...{hidden_size: 7168, intermediate_size: 18_432, moe_intermediate_size: 2048, num_hidden_layers: 61},
    ...{num_attention_heads: 128, num_key_value_heads: 128, kv_lora_rank: 512, qk_rope_head_dim: 64},
    ...{n_routed_experts: 256, n_shared_experts: 1, first_k_dense_replace: 3},
    quantization_config: {quant_method: 'fp8'},
  },
  experts8x7b: {
    ...{model_type: 'mixtral', torch_dtype: 'bfloat16', vocab_size: 32_000, max_position_embeddings: 32_768},
    ...{hidden_size: 4096, intermediate_size: 14_336, num_hidden_layers: 32, num_local_experts: 8},
    ...{num_attention_heads: 32, num_key_value_heads: 8},
  },
  /** Five layers of six see only a window; an encoder for images beside it. */
  window27bVision: {
    model_type: 'gemma3',
    text_config: {
      ...{torch_dtype: 'bfloat16', vocab_size: 262_208, max_position_embeddings: 131_072, hidden_size: 5376},
      ...{intermediate_size: 21_504, num_hidden_layers: 62, num_attention_heads: 32, num_key_value_heads: 16},
      ...{head_dim: 128, sliding_window: 1024, sliding_window_pattern: 6},
    },
    vision_config: {num_hidden_layers: 27},
  },
  /** Half of the layers see a window, in 4 bits. */
  alternating20b: {
    ...{model_type: 'gpt_oss', vocab_size: 201_088, max_position_embeddings: 131_072, hidden_size: 2880},
    ...{intermediate_size: 2880, num_hidden_layers: 24, num_attention_heads: 64, num_key_value_heads: 8, head_dim: 64},
    ...{num_local_experts: 32, sliding_window: 128},
    layer_types: Array.from({length: 24}, (_, layer) => (layer % 2 === 0 ? 'sliding_attention' : 'full_attention')),
    quantization_config: {quant_method: 'mxfp4'},
  },
  /** One layer of four keeps keys and values. */
  hybrid80b: {
    ...{model_type: 'qwen3_next', torch_dtype: 'bfloat16', vocab_size: 151_936, max_position_embeddings: 262_144},
    ...{hidden_size: 2048, intermediate_size: 5120, num_hidden_layers: 48, num_attention_heads: 16},
    ...{num_key_value_heads: 2, head_dim: 256, full_attention_interval: 4, linear_num_value_heads: 32},
  },
} as const

describe('cache of one token', () => {
  it.each([
    ['grouped70b', 327_680, 0],
    ['multiHead7b', 524_288, 0],
    ['latent671b', 61 * 576 * 2, 0],
    ['experts8x7b', 131_072, 0],
    ['window27bVision', 10 * 8192, 52 * 8192],
    ['alternating20b', 12 * 2048, 12 * 2048],
    ['hybrid80b', 12 * 2048, 0],
  ] as const)('%s: %d bytes that stay, %d in a window', (name, full, window) => {
    expect(modelFacts({configuration: SHAPES[name]}).cache).toMatchObject({fullBytes: full, windowBytes: window})
  })
})

describe('weights', () => {
  it.each([
    ['grouped70b', 70.55e9],
    ['multiHead7b', 6.74e9],
    ['latent671b', 671e9],
    ['experts8x7b', 46.7e9],
    ['alternating20b', 20.9e9],
  ] as const)('%s: counted from its shape within a tenth', (name, parameters) => {
    const facts = modelFacts({configuration: SHAPES[name]})

    expect(facts.areParametersGuessed).toBe(true)
    expect(Math.abs((facts.parameters ?? 0) / parameters - 1)).toBeLessThan(0.1)
  })

  it.each([
    [{}, 2],
    [{configuration: {torch_dtype: 'float32'}}, 4],
    [{quantization: 'fp8', configuration: {torch_dtype: 'bfloat16'}}, 1.02],
    [{quantization: 'fbgemm_fp8'}, 1.02],
    [{quantization: 'int4'}, 0.56],
    [{configuration: {quantization_config: {quant_method: 'awq', bits: 4}}}, 0.56],
    [{configuration: {quantization_config: {quant_method: 'gptq', bits: 8}}}, 1.02],
    [{configuration: {quantization_config: {quant_method: 'mxfp4'}}}, 0.56],
    [{quantization: 'none', configuration: {torch_dtype: 'float16', quantization_config: {quant_method: 'fp8'}}}, 2],
  ])('%j: %d bytes a parameter', (source, bytes) => {
    expect(modelFacts(source).bytesPerParameter).toBe(bytes)
  })

  it('the told size counts before the shape', () => {
    expect(modelFacts({size: '70.55B', configuration: SHAPES.multiHead7b}).parameters).toBe(70.55e9)
  })
})

describe('verdicts', () => {
  const H100 = 79.6 * GiB
  const on = (gpus: number, gpuMemoryBytes = H100, shard?: number) => ({gpus, gpuMemoryBytes, shard})
  const seventy = {size: '70.55B', configuration: SHAPES.grouped70b}

  it.each<[string, Parameters<typeof memoryFit>[0], Parameters<typeof memoryFit>[1], number, string]>([
    ['70B in 16 bits on four of 80 GB', seventy, {}, 4, 'fits'],
    ['70B in 16 bits on two of 80 GB', seventy, {}, 2, 'tight'],
    ['70B in 16 bits on one of 80 GB', seventy, {}, 1, 'no'],
    ['70B in fp8 on two of 80 GB', {...seventy, quantization: 'fp8'}, {}, 2, 'fits'],
    ['70B on four with 64 sequences of 128 k', seventy, {contextTokens: 131_072, batch: 64}, 4, 'no'],
    ['671B in fp8 on eight of 80 GB', {size: '671B', configuration: SHAPES.latent671b}, {}, 8, 'no'],
    ['671B in fp8 on sixteen of 80 GB', {size: '671B', configuration: SHAPES.latent671b}, {}, 16, 'fits'],
    ['20B in 4 bits on one', {size: '20.9B', configuration: SHAPES.alternating20b}, {}, 1, 'fits'],
  ])('%s', (_, model, load, gpus, verdict) => {
    expect(memoryFit(model, load, on(gpus)).verdict).toBe(verdict)
  })

  it('copies of a model that is not split need a device each', () => {
    expect(memoryFit(seventy, {}, on(4)).verdict).toBe('fits')
    const copied = memoryFit(seventy, {}, on(4, H100, 1))

    expect(copied.verdict).toBe('no')
    expect(copied.reason).toContain('each 1 of the 4 devices hold a copy')
  })

  it('the longest context fits, and a tenth more than it does not', () => {
    for (const model of [seventy, {size: '27.4B', configuration: SHAPES.window27bVision}]) {
      const devices = on(model === seventy ? 4 : 1)
      const longest = memoryFit({...model, maxTokens: 10_000_000}, {}, devices).longestContext ?? 0
      const need = (contextTokens: number) => {
        const fit = memoryFit(model, {contextTokens}, devices)
        return (fit.weightsBytes ?? 0) + (fit.cacheBytes ?? 0) + (fit.overheadBytes ?? 0) - (fit.availableBytes ?? 0)
      }

      expect(longest).toBeGreaterThan(1000)
      expect(need(longest)).toBeLessThanOrEqual(0)
      expect(need(Math.ceil(longest * 1.1))).toBeGreaterThan(0)
    }
  })

  it('the longest context is at most the model’s own, and 0 when the weights alone do not fit', () => {
    expect(memoryFit(seventy, {}, on(8)).longestContext).toBe(131_072)
    expect(memoryFit(seventy, {}, on(1)).longestContext).toBe(0)
  })

  it('more devices than heads keep the cache several times', () => {
    const once = memoryFit(seventy, {}, on(8))
    const twice = memoryFit(seventy, {}, on(16))

    expect(twice.cacheBytes).toBe(2 * (once.cacheBytes ?? 0))
  })
})

describe('what is not known', () => {
  const eighty = {gpus: 4, gpuMemoryBytes: 80 * GiB}

  it('neither size nor config.json: unknown, and it says so', () => {
    expect(memoryFit({}, {}, eighty)).toEqual({
      verdict: 'unknown',
      reason: 'neither the size of the model nor its config.json is known',
    })
  })

  it('a size alone is a rough estimate', () => {
    expect(memoryFit({size: '70B'}, {}, eighty)).toMatchObject({
      verdict: 'fits',
      reason: expect.stringContaining('cache guessed'),
    })
  })

  it('hybrid layers and encoders are told, and make it less sure', () => {
    expect(memoryFit({size: '80B', configuration: SHAPES.hybrid80b}, {}, eighty).reason).toContain(
      'rough: hybrid layers',
    )
    expect(memoryFit({size: '27B', configuration: SHAPES.window27bVision}, {}, eighty).reason).toContain(
      'encoder for images',
    )
  })

  it('without devices it tells what is needed', () => {
    expect(memoryFit({size: '70B'}, {}, undefined)).toMatchObject({
      verdict: 'unknown',
      reason: expect.stringMatching(/needs about 13\dGi/),
    })
  })

  it.each([
    {num_hidden_layers: 0},
    {num_hidden_layers: -4, hidden_size: 'big'},
    {num_hidden_layers: 1e9, hidden_size: 4096, num_attention_heads: 32},
    {text_config: 'none'},
    {layer_types: 7},
    {quantization_config: []},
  ])('a config.json that lies (%j) gives no wild figures', (configuration) => {
    const fit = memoryFit({size: '7B', configuration}, {}, eighty)

    expect(fit.verdict).toBe('fits')
    expect(fit.cacheBytes).toBeLessThan(20 * GiB)
  })
})

describe('a model that lies', () => {
  const shape = {num_hidden_layers: 32, hidden_size: 4096, vocab_size: 32_000, num_attention_heads: 32}

  it.each([
    {configuration: {...shape, n_routed_experts: 8, n_shared_experts: -1e300}},
    {configuration: {...shape, n_routed_experts: 8, moe_intermediate_size: 1e9, first_k_dense_replace: 1e6}},
    {configuration: {...shape, vocab_size: 1e308}},
    {configuration: {...shape, num_key_value_heads: 1e300, head_dim: 1e300}},
    {configuration: {...shape, kv_lora_rank: 512, qk_rope_head_dim: -1e308}},
    {configuration: true as never},
    {size: `${'9'.repeat(400)}B`},
    {size: '7B', maxTokens: -1},
    {size: '7B', maxTokens: 1e308, configuration: shape},
  ])('is never said to fit because of it: %#', (source) => {
    const fit = memoryFit(source, {}, {gpus: 1, gpuMemoryBytes: 8 * GiB})

    expect(fit.verdict).not.toBe('fits')
    for (const value of [fit.weightsBytes, fit.cacheBytes, fit.longestContext, fit.contextTokens]) {
      expect(value ?? 0).toBeGreaterThanOrEqual(0)
      expect(value ?? 0).toBeLessThan(1e18)
    }
  })
})
