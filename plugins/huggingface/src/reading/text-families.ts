import * as estimate from './estimates.ts'
import {type Family, family, layersOf, published, type Sizes} from './family.ts'
import {intOf, type JsonObject, objectOf, textOf} from './json.ts'

const unknown = () => 0

const constant = (parameters: number, architecture?: string): Family => ({
  parameters: () => parameters,
  ...(architecture === undefined ? {} : {architecture}),
})

const sequenceLength = (config: JsonObject) => intOf(config, 'seq_length') || intOf(config, 'max_position_embeddings')

const commandR: Family = {
  parameters(config) {
    const shape = layersOf(config)
    if (shape.hidden === 8192 && shape.layers === 40) return 35e9
    return shape.layers >= 64 && shape.hidden >= 12_288 ? 104e9 : estimate.dense(shape)
  },
}

const bert: Family = {
  parameters(config) {
    const shape = layersOf(config)
    const {hidden, layers, inner} = shape
    const sizes: Sizes = [
      [768, 12, 110e6],
      [1024, 24, 340e6],
    ]
    const words =
      (shape.vocabulary || 30_522) + intOf(config, 'max_position_embeddings') + intOf(config, 'type_vocab_size')
    const estimated = words * hidden + layers * (4 * hidden ** 2 + 2 * hidden * inner + 2 * hidden) + hidden ** 2
    return published(shape, sizes) ?? estimated
  },
  isEmbedding: true,
}

const chatglm: Family = {
  parameters(config) {
    const shape = layersOf(config, 'num_layers')
    const {hidden, layers} = shape
    const inner = intOf(config, 'ffn_hidden_size')
    const words = intOf(config, 'padded_vocab_size') || 65_024
    const sizes: Sizes = [
      [4096, 28, 6e9],
      [4096, 40, 9e9],
    ]
    return (
      published(shape, sizes) ??
      hidden * words + layers * (4 * hidden ** 2 + 2 * hidden * inner + hidden + inner + 2 * hidden)
    )
  },
  contextLength: (config) => intOf(config, 'seq_length'),
  dtype: (config) => textOf(config, 'torch_dtype') || 'float16',
}

const dbrx: Family = {
  parameters(config) {
    const hidden = intOf(config, 'd_model')
    const layers = intOf(config, 'n_layers')
    if (hidden === 6144 && layers === 48) return 132e9
    const ffn = objectOf(config, 'ffn_config')
    const experts = intOf(ffn, 'moe_num_experts')
    const words = intOf(config, 'vocab_size') * hidden * (config.tie_word_embeddings === true ? 1 : 2)
    const inner = intOf(ffn, 'ffn_hidden_size')
    return words + layers * (4 * hidden ** 2 + experts * 2 * hidden * inner + hidden * experts + 2 * hidden)
  },
  contextLength: (config) => intOf(config, 'max_seq_len'),
  architecture: 'DbrxForCausalLM',
}

const gemma = family([
  [2048, 18, 2e9],
  [2304, 26, 2.6e9],
  [3072, 28, 7e9],
  [3584, 42, 9e9],
])

const gptOss: Family = {
  parameters(config) {
    const shape = layersOf(config)
    const {hidden, layers, inner, vocabulary} = shape
    const experts = intOf(config, 'num_local_experts')
    if (hidden === 2880 && layers === 24 && experts === 32) return 20e9
    if (hidden === 2880 && layers === 36 && experts === 128) return 120e9
    const words = vocabulary * hidden * (config.tie_word_embeddings === true ? 1 : 2)
    const rest = layers * (4 * hidden ** 2 + hidden * experts + 2 * hidden) + experts * 3 * hidden * inner
    return estimate.wholeBillions(words + rest)
  },
  architecture: 'GptOssForCausalLM',
}

const minicpm = family([
  [2560, 62, 4e9],
  [2304, 40, 2.4e9],
  [1536, 52, 1.2e9],
])

const phimoe: Family = {
  parameters(config) {
    const {hidden, layers} = layersOf(config)
    return hidden === 4096 && layers === 32 && intOf(config, 'num_local_experts') === 16 ? 16e9 : 0
  },
}

const exaone: Family = {
  parameters(config) {
    const shape = layersOf(config, 'num_layers')
    const sizes: Sizes = [
      [4096, 32, 7.8e9],
      [2560, 42, 2.8e9],
    ]
    return published(shape, sizes) ?? estimate.dense({...shape, vocabulary: shape.vocabulary || 102_400})
  },
}

const internlm = family([
  [4096, 32, 7e9],
  [6144, 48, 20e9],
  [2048, 24, 1.8e9],
])

const baichuan = family(
  [
    [4096, 32, 7e9],
    [5120, 40, 13e9],
  ],
  {contextLength: (config) => intOf(config, 'model_max_length') || intOf(config, 'max_position_embeddings')},
)

const llama = family(
  [
    [8192, 80, 70e9],
    [8192, 82, 70e9],
    [16_384, 126, 405e9],
    [3072, 28, 3e9],
    [2048, 16, 1e9],
  ],
  {architecture: 'LlamaForCausalLM'},
  estimate.llama,
)

const qwen = family(
  [
    [4096, 32, 7e9],
    [5120, 40, 14e9],
    [8192, 80, 72e9],
  ],
  {contextLength: sequenceLength},
)

const qwen2 = family(
  [
    [3584, 28, 7e9],
    [8192, 40, 34e9],
    [7680, 64, 72e9],
  ],
  {contextLength: sequenceLength},
)

const qwen3 = family(
  [
    [2560, 36, 4e9],
    [4096, 36, 8e9],
  ],
  {contextLength: sequenceLength},
)

const qwen3Moe = family(
  [
    [2048, 48, 30e9],
    [4096, 94, 235e9],
  ],
  {contextLength: sequenceLength},
)

const stablelm = family([
  [2560, 32, 3e9],
  [2048, 24, 1.6e9],
])

const xverse = family([
  [4096, 32, 7e9],
  [5120, 40, 13e9],
  [6144, 80, 65e9],
])

/** Types of models of text alone that the operator has a loader for. */
export const TEXT_FAMILIES: readonly (readonly [modelType: string, family: Family])[] = [
  ['baichuan', baichuan],
  ['bert', bert],
  ['chatglm', chatglm],
  ['cohere', commandR],
  ['command-r', commandR],
  ['dbrx', dbrx],
  ['deepseek_v3', constant(685e9)],
  ['exaone', exaone],
  ['gemma', gemma],
  ['gemma2', gemma],
  ['gemma3_text', gemma],
  ['gpt_oss', gptOss],
  ['internlm', internlm],
  ['internlm2', internlm],
  ['kimi_k2', constant(1.5e12)],
  ['llama', llama],
  ['minicpm', minicpm],
  ['minicpm3', minicpm],
  // Every model of this type counts as one for embeddings, those for chats included.
  ['mistral', family([[4096, 32, 7e9]], {architecture: 'MistralModel', isEmbedding: true}, unknown)],
  ['mixtral', constant(46.7e9, 'MixtralForCausalLM')],
  ['phi', constant(0)],
  ['phi3', family([[3072, 32, 3.8e9]], {}, unknown)],
  ['phi3small', family([[4096, 32, 7e9]], {}, unknown)],
  ['phimoe', phimoe],
  ['qwen', qwen],
  ['qwen2', qwen2],
  ['qwen3', qwen3],
  ['qwen3_moe', qwen3Moe],
  ['stablelm', stablelm],
  ['xverse', xverse],
]
