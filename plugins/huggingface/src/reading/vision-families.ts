import * as estimate from './estimates.ts'
import {always, type Family, family, layersOf, nestedLength, published, type Sizes} from './family.ts'
import {intOf, isObject, type JsonObject, objectOf, textOf} from './json.ts'

const deepseekVision = (architecture: string): Family => ({
  parameters(config) {
    const language = objectOf(config, 'language_config')
    const shape = layersOf(language)
    const sizes: Sizes = [
      [1280, 12, 1e9],
      [2048, 24, 1.3e9],
    ]
    const experts = {
      routed: intOf(language, 'n_routed_experts'),
      shared: intOf(language, 'n_shared_experts'),
      inner: intOf(language, 'moe_intermediate_size'),
    }
    const vision = objectOf(config, 'vision_config')
    const rest =
      intOf(vision, 'width') ** 2 * intOf(vision, 'layers') * 4 +
      intOf(objectOf(config, 'projector_config'), 'n_embed') ** 2 * 2
    const text = experts.inner > 0 ? estimate.mixture(shape, experts) : estimate.dense(shape)
    return published(shape, sizes) ?? text + rest
  },
  contextLength: (config) => (isObject(config.language_config) ? nestedLength('language_config')(config) : 4096),
  hasVision: always,
  architecture,
})

const textAndVision = (config: JsonObject): number =>
  estimate.attentionAndInner(layersOf(objectOf(config, 'text_config'))) +
  estimate.attentionAndInner(layersOf(objectOf(config, 'vision_config')))

const gemma3: Family = {
  parameters: (config) =>
    published(layersOf(objectOf(config, 'text_config')), [[5376, 62, 32e9]]) ?? textAndVision(config),
  contextLength(config) {
    const text = objectOf(config, 'text_config')
    const window = intOf(text, 'sliding_window')
    const {factor} = objectOf(text, 'rope_scaling')
    if (window === 0) return 8192
    return typeof factor === 'number' && factor > 0 ? Math.trunc(window * factor) : window
  },
  hasVision: always,
}

const llama4: Family = {
  parameters(config) {
    const text = objectOf(config, 'text_config')
    const shape = layersOf(text)
    const experts = intOf(text, 'num_local_experts')
    const {hidden, layers, inner} = shape
    if (layers === 48 && hidden === 5120 && experts === 128) return 402e9
    if (layers === 48 && hidden === 5120 && experts === 16) return 17e9
    if (experts <= 1) return estimate.attentionAndInner(shape)
    return layers * (4 * hidden ** 2 + 2 * hidden * inner * experts + hidden * experts)
  },
  contextLength: nestedLength('text_config'),
  hasVision: (config) => isObject(config.vision_config),
  architecture: 'Llama4ForConditionalGeneration',
  dtype(config) {
    const quantization = objectOf(config, 'quantization_config')
    const weights = objectOf(objectOf(objectOf(quantization, 'config_groups'), 'group_0'), 'weights')
    const isFloat8 = quantization.format === 'float-quantized' && weights.num_bits === 8 && weights.type === 'float'
    return isFloat8 ? 'float8' : textOf(config, 'torch_dtype')
  },
  quantization: (config) => textOf(objectOf(config, 'quantization_config'), 'format'),
}

const llava: Family = {
  parameters(config) {
    const text = objectOf(config, 'text_config')
    const vision = objectOf(config, 'vision_config')
    const [words, eyes] = [layersOf(text), layersOf(vision)]
    if (eyes.layers === 24 && words.vocabulary >= 32_000) return 7.5e9
    const patch = intOf(vision, 'patch_size')
    const tiles = patch === 0 ? 0 : Math.trunc(intOf(vision, 'image_size') / patch)
    let parameters = 0
    if (text.model_type === 'llama') {
      parameters += words.hidden > 0 ? estimate.dense(words) : words.vocabulary >= 32_000 ? 7e9 : 0
    }
    if (vision.model_type === 'clip_vision_model') {
      const {hidden, layers, inner} = eyes
      parameters +=
        (3 * patch ** 2 + tiles ** 2) * hidden + layers * (4 * hidden ** 2 + 2 * hidden * inner + 2 * hidden)
    }
    return parameters + 2 * eyes.hidden * words.hidden
  },
  contextLength: nestedLength('text_config'),
  hasVision: always,
}

const mllama: Family = {
  parameters: (config) =>
    published(layersOf(objectOf(config, 'text_config')), [
      [4096, 40, 11e9],
      [8192, 100, 90e9],
    ]) ?? textAndVision(config),
  contextLength: nestedLength('text_config'),
  hasVision: always,
  architecture: 'MllamaForConditionalGeneration',
}

const qwen2Vision: Family = {
  parameters(config) {
    const vision = objectOf(config, 'vision_config')
    const eyes = intOf(vision, 'embed_dim') ** 2 * intOf(vision, 'depth') * 4
    return (
      published(layersOf(config), [
        [1536, 28, 2e9],
        [3584, 28, 7e9],
        [8192, 80, 72e9],
      ]) ?? estimate.dense(layersOf(config)) + eyes
    )
  },
  hasVision: always,
}

const qwen3Vision: Family = {
  parameters(config) {
    const text = objectOf(config, 'text_config')
    const routed = intOf(text, 'num_experts')
    const shape = layersOf(text)
    const words =
      routed > 0
        ? estimate.qwenMixture(shape, {routed, inner: intOf(text, 'moe_intermediate_size')})
        : estimate.dense(shape)
    return words + qwen3Eyes(objectOf(config, 'vision_config'))
  },
  contextLength: nestedLength('text_config'),
  hasVision: always,
}

/** These keep the type of their numbers in the text part, and the operator looks there. */
const qwen35: Family = {
  ...qwen3Vision,
  dtype: (config) => textOf(config, 'torch_dtype') || textOf(objectOf(config, 'text_config'), 'dtype'),
}

function qwen3Eyes(vision: JsonObject): number {
  const hidden = intOf(vision, 'hidden_size')
  const depth = intOf(vision, 'depth')
  if (hidden <= 0 || depth <= 0) return 0
  const patches = intOf(vision, 'patch_size') ** 2 * intOf(vision, 'in_channels') * hidden
  const positions = intOf(vision, 'num_position_embeddings') * hidden
  const layers = depth * (4 * hidden ** 2 + 2 * hidden * intOf(vision, 'intermediate_size') + 2 * hidden)
  return patches + positions + layers + hidden * intOf(vision, 'out_hidden_size')
}

const phi3Vision = family([[3072, 32, 14e9]], {hasVision: (config) => isObject(config.img_processor)})

const janus = deepseekVision('JanusMultiModalityCausalLM')

/** Types of models that read images and that the operator has a loader for. */
export const VISION_FAMILIES: readonly (readonly [modelType: string, family: Family])[] = [
  ['deepseek_vl_v2', deepseekVision('DeepseekVLV2ForCausalLM')],
  ['gemma3', gemma3],
  ['janus', janus],
  ['llama4', llama4],
  ['llava', llava],
  ['mllama', mllama],
  ['multi_modality', janus],
  ['phi3_v', phi3Vision],
  ['qwen2_5_vl', qwen2Vision],
  ['qwen2_vl', qwen2Vision],
  ['qwen3_5', qwen35],
  ['qwen3_5_moe', qwen35],
  ['qwen3_vl', qwen3Vision],
  ['qwen3_vl_moe', qwen3Vision],
]
