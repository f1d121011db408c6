import {countOf, type Fields, fieldsAt, isFields, listAt, wordOf} from '../fields.ts'
import {parametersOf} from './size.ts'

/** What is known of a model, for an estimate of its memory. */
export interface FactSource {
  readonly size?: string | undefined
  readonly parameters?: number | undefined
  readonly quantization?: string | undefined
  readonly maxTokens?: number | undefined
  readonly configuration?: Fields | undefined
}

/** How the cache of keys and values grows, of one token and sequence. Bytes, over all layers. */
export interface CacheShape {
  /** Of layers that keep every token. */
  readonly fullBytes: number
  /** Of layers that keep only the last `window` tokens. */
  readonly windowBytes: number
  readonly window: number
  /** Heads that can be dealt out to devices; 1: each device keeps all of it. */
  readonly heads: number
}

export interface ModelFacts {
  readonly parameters: number | undefined
  /** They were counted from the shapes in config.json, not told. */
  readonly areParametersGuessed: boolean
  readonly bytesPerParameter: number
  readonly cache: CacheShape | undefined
  readonly maxTokens: number | undefined
  /** What makes the estimate less sure: `hybrid layers`, `vision encoder`, … */
  readonly doubts: readonly string[]
}

/** Reads what matters for memory. Sizes of a config.json that lies or is empty are unknown, never wild. */
export function modelFacts(source: FactSource, kvBytes = 2): ModelFacts {
  const root = fieldsAt(source.configuration)
  const text = textPart(root)
  const told =
    positive(source.parameters) ?? positive(parametersOf(source.size)) ?? positive(countOf(root.parameter_count))
  const guessed = told === undefined ? parametersFromShape(text) : undefined
  return {
    parameters: told ?? guessed,
    areParametersGuessed: told === undefined && guessed !== undefined,
    bytesPerParameter: bytesPerParameter(source.quantization, root, text),
    cache: cacheShape(text, kvBytes),
    maxTokens: positive(source.maxTokens) ?? positive(countOf(text.max_position_embeddings)),
    doubts: doubtsOf(root, text),
  }
}

/** The language model of one that also sees or hears. */
function textPart(root: Fields): Fields {
  for (const key of ['text_config', 'llm_config', 'language_config', 'thinker_config']) {
    const part = root[key]
    if (isFields(part) && countOf(part.num_hidden_layers) !== undefined) return part
    if (isFields(part) && isFields(part.text_config)) return part.text_config
  }
  return root
}

/** No model has more of anything. */
const MOST = 1e15
/** Bytes that a token needs at most: some hundred times of what models without grouped queries keep. */
const MOST_PER_TOKEN = 1e9

const positive = (value: number | undefined): number | undefined =>
  value !== undefined && value > 0 && value <= MOST ? value : undefined

const BYTES: readonly (readonly [RegExp, number])[] = [
  // Scales of blocks come on top of the numbers themselves.
  [/fp8|int8|w8a8|f8|8bit/i, 1.02],
  [/int4|fp4|awq|gptq|nf4|w4a16|4bit/i, 0.56],
]

const DTYPES: Readonly<Record<string, number>> = {float32: 4, float16: 2, bfloat16: 2, float8_e4m3fn: 1, int8: 1}

function bytesPerParameter(quantization: string | undefined, root: Fields, text: Fields): number {
  const {quant_method: method, bits, quant_algo: algorithm} = fieldsAt(root, 'quantization_config')
  const width = countOf(bits)
  const named =
    quantization ?? `${wordOf(method) ?? ''} ${wordOf(algorithm) ?? ''} ${width === undefined ? '' : `${width}bit`}`
  // 8 bits of a method that mostly has 4.
  if (quantization === undefined && width === 8) return 1.02
  const [, bytes] = BYTES.find(([pattern]) => pattern.test(named)) ?? []
  if (bytes !== undefined) return bytes
  const dtype = wordOf(text.torch_dtype) ?? wordOf(text.dtype) ?? wordOf(root.torch_dtype) ?? wordOf(root.dtype)
  return DTYPES[dtype ?? ''] ?? 2
}

function cacheShape(text: Fields, kvBytes: number): CacheShape | undefined {
  const layers = positive(countOf(text.num_hidden_layers))
  if (layers === undefined || layers > 10_000) return undefined
  const latent = positive(countOf(text.kv_lora_rank))
  // Multi-head latent attention: one compressed vector a layer, which every device keeps.
  if (latent !== undefined) {
    const perToken = (latent + (positive(countOf(text.qk_rope_head_dim)) ?? 0)) * kvBytes
    return sane({fullBytes: layers * perToken, windowBytes: 0, window: 0, heads: 1})
  }
  const heads = positive(countOf(text.num_attention_heads))
  const hidden = positive(countOf(text.hidden_size))
  const headSize = positive(countOf(text.head_dim)) ?? (heads && hidden ? hidden / heads : undefined)
  const kvHeads = positive(countOf(text.num_key_value_heads)) ?? heads
  if (headSize === undefined || kvHeads === undefined) return undefined
  const perLayer = 2 * kvHeads * headSize * kvBytes
  const {full, sliding, window} = layerCounts(text, layers)
  return sane({fullBytes: full * perLayer, windowBytes: sliding * perLayer, window, heads: kvHeads})
}

const sane = (shape: CacheShape): CacheShape | undefined =>
  shape.fullBytes + shape.windowBytes <= MOST_PER_TOKEN ? shape : undefined

/** How many layers keep every token, and how many a window of them. Others (linear attention, state spaces) keep none. */
function layerCounts(text: Fields, layers: number): {full: number; sliding: number; window: number} {
  const window = text.use_sliding_window === false ? undefined : positive(countOf(text.sliding_window))
  const types = listAt(text, 'layer_types')
  if (types.length === layers) {
    const count = (...names: readonly string[]) => types.filter((type) => names.includes(String(type))).length
    const sliding = count('sliding_attention', 'chunked_attention')
    const full = count('full_attention', 'attention', 'global_attention') + (window === undefined ? sliding : 0)
    return {full, sliding: window === undefined ? 0 : sliding, window: window ?? 0}
  }
  const every = positive(countOf(text.full_attention_interval)) ?? positive(countOf(text.attn_layer_period))
  if (every !== undefined) return {full: Math.ceil(layers / every), sliding: 0, window: 0}
  if (window === undefined) return {full: layers, sliding: 0, window: 0}
  // Before layer_types existed, this family alternated without saying so.
  const pattern = positive(countOf(text.sliding_window_pattern)) ?? (text.model_type === 'gemma2' ? 2 : undefined)
  const full = pattern === undefined ? 0 : Math.floor(layers / pattern)
  return {full, sliding: layers - full, window}
}

/** Embeddings, attention and the (expert) layers behind it; within some percent for the common architectures. */
function parametersFromShape(text: Fields): number | undefined {
  const [layers, hidden, vocab] = ['num_hidden_layers', 'hidden_size', 'vocab_size'].map((key) =>
    positive(countOf(text[key])),
  )
  if (layers === undefined || hidden === undefined || vocab === undefined) return undefined
  const heads = positive(countOf(text.num_attention_heads)) ?? 1
  const headSize = positive(countOf(text.head_dim)) ?? hidden / heads
  const kvHeads = positive(countOf(text.num_key_value_heads)) ?? heads
  const attention = 2 * hidden * headSize * (heads + kvHeads)
  const inner = positive(countOf(text.intermediate_size)) ?? 4 * hidden
  const experts = firstCount(text, 'n_routed_experts', 'num_local_experts', 'num_experts')
  const expertInner = firstCount(text, 'moe_intermediate_size') ?? inner
  const feed =
    experts === undefined
      ? 3 * hidden * inner
      : 3 * hidden * expertInner * (experts + (positive(countOf(text.n_shared_experts)) ?? 0))
  const dense = experts === undefined ? 0 : Math.min(layers, positive(countOf(text.first_k_dense_replace)) ?? 0)
  const embeddings = vocab * hidden * (text.tie_word_embeddings === true ? 1 : 2)
  return positive(Math.round(embeddings + layers * attention + (layers - dense) * feed + dense * 3 * hidden * inner))
}

const firstCount = (fields: Fields, ...keys: readonly string[]): number | undefined =>
  keys.map((key) => positive(countOf(fields[key]))).find((value) => value !== undefined)

const STATES = [
  'mamba_d_state',
  'ssm_state_size',
  'linear_num_value_heads',
  'mamba_num_heads',
  'hybrid_override_pattern',
]

function doubtsOf(root: Fields, text: Fields): string[] {
  const types = listAt(text, 'layer_types').map(String)
  const isHybrid = STATES.some((key) => key in text) || types.some((type) => /linear|mamba|conv|recurrent/.test(type))
  const hasEncoder = ['vision_config', 'audio_config', 'vision_tower', 'visual'].some((key) => isFields(root[key]))
  return [...(isHybrid ? ['hybrid layers'] : []), ...(hasEncoder ? ['an encoder for images or sound'] : [])]
}
