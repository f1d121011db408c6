import {type Capability, capabilitiesOf} from './capabilities.ts'
import * as estimate from './estimates.ts'
import {type Family, layersOf} from './family.ts'
import {intOf, isObject, type JsonObject, objectOf, textOf} from './json.ts'
import {TEXT_FAMILIES} from './text-families.ts'
import {VISION_FAMILIES} from './vision-families.ts'

/** What the operator makes of a config.json. */
export interface ConfigReading {
  readonly modelType: string
  readonly architecture: string
  /** From the config alone; 0 when it cannot tell. What the safetensors hold goes before. */
  readonly estimatedParameters: number
  /** 0 when it is not told. */
  readonly contextLength: number
  readonly dtype: string
  readonly transformersVersion: string
  /** As the config calls it: `fbgemm_fp8`, `gptq`; '' without. */
  readonly quantizationMethod: string
  readonly quantization: 'int4' | 'fp8' | undefined
  readonly hasVision: boolean
  readonly isEmbedding: boolean
  readonly capabilities: readonly Capability[]
  /** The operator has a loader for this type, and reads it by more than the common fields. */
  readonly isKnownType: boolean
}

const FAMILIES: ReadonlyMap<string, Family> = new Map([...TEXT_FAMILIES, ...VISION_FAMILIES])

/** Types that the operator has a loader for. */
export const KNOWN_TYPES: readonly string[] = [...FAMILIES.keys()].sort()

/**
 * Reads a config as the operator's agent does. Undefined without a `model_type`: the operator refuses such a one.
 *
 * @param similarity `similarity_fn_name` of config_sentence_transformers.json
 */
export function readConfig(config: JsonObject, similarity?: string | undefined): ConfigReading | undefined {
  const modelType = textOf(config, 'model_type')
  if (modelType === '') return undefined
  const known = FAMILIES.get(modelType)
  const family = known ?? GENERIC
  const whole = known === undefined ? withNested(config) : config
  const [first] = Array.isArray(config.architectures) ? config.architectures : []
  const architecture = typeof first === 'string' ? first : (family.architecture ?? '')
  const quantizationMethod =
    family.quantization?.(config) ?? textOf(objectOf(config, 'quantization_config'), 'quant_method')
  const hasVision = family.hasVision?.(config) ?? false
  const isEmbedding = family.isEmbedding === true || (modelType === 'qwen3' && (similarity ?? '') !== '')
  return {
    modelType,
    architecture,
    estimatedParameters: family.parameters(whole),
    contextLength: family.contextLength?.(whole) ?? intOf(whole, 'max_position_embeddings'),
    dtype: family.dtype?.(config) ?? textOf(whole, 'torch_dtype'),
    transformersVersion: textOf(whole, 'transformers_version'),
    quantizationMethod,
    quantization: quantizationOf(quantizationMethod),
    hasVision,
    isEmbedding,
    capabilities: capabilitiesOf({modelType, architecture, hasVision, isEmbedding}),
    isKnownType: known !== undefined,
  }
}

/** What stands in `quantization` of the model; other methods leave it empty. */
export function quantizationOf(method: string): ConfigReading['quantization'] {
  const lower = method.toLowerCase()
  if (lower.includes('int4')) return 'int4'
  return lower.includes('fp8') ? 'fp8' : undefined
}

const BYTES: Readonly<Record<string, number>> = {
  float32: 4,
  float: 4,
  bfloat16: 2,
  bf16: 2,
  float16: 2,
  fp16: 2,
  half: 2,
  int8: 1,
  fp8: 1,
  float8: 1,
  e4m3: 1,
  int4: 0.5,
  '4bit': 0.5,
}

/** Bytes of the weights; a type of numbers that is not known counts as float32. */
export const weightBytes = (parameters: number, dtype: string): number =>
  Math.trunc(parameters * (BYTES[dtype.toLowerCase()] ?? 4))

const NESTED = ['text_config', 'llm_config', 'language_config']

const FILLED = [
  'hidden_size',
  'num_hidden_layers',
  'num_attention_heads',
  'intermediate_size',
  'max_position_embeddings',
  'vocab_size',
  'n_shared_experts',
  'moe_intermediate_size',
  'transformers_version',
  'torch_dtype',
]

/** What the top level lacks is taken from its language part, the first there is. */
function withNested(config: JsonObject): JsonObject {
  const key = NESTED.find((candidate) => isObject(config[candidate]))
  const nested = key === undefined ? {} : objectOf(config, key)
  const filled = FILLED.filter((field) => !config[field] && nested[field] !== undefined)
  const experts = intOf(config, 'n_routed_experts') || expertsOf(nested) || expertsOf(config)
  return {
    ...config,
    ...Object.fromEntries(filled.map((field) => [field, nested[field]])),
    n_routed_experts: experts,
  }
}

const expertsOf = (config: JsonObject): number =>
  intOf(config, 'n_routed_experts') || intOf(config, 'num_local_experts') || intOf(config, 'num_experts')

const GENERIC: Family = {
  parameters(config) {
    const shape = layersOf(config)
    if (shape.hidden <= 0 || shape.layers <= 0) return 0
    const routed = intOf(config, 'n_routed_experts')
    if (routed === 0) return estimate.generic(shape)
    const inner = intOf(config, 'moe_intermediate_size')
    return estimate.mixture(shape, {routed, shared: intOf(config, 'n_shared_experts'), inner})
  },
  contextLength: (config) => intOf(config, 'max_position_embeddings') || intOf(config, 'max_sequence_length'),
  hasVision: (config) => config.vision_config !== undefined,
}
