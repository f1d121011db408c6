import * as estimate from './estimates.ts'
import {intOf, type JsonObject, objectOf} from './json.ts'

/** How the operator reads one `model_type`. What is absent is read the common way. */
export interface Family {
  /** Parameters when there are no safetensors to count. */
  parameters(config: JsonObject): number
  contextLength?(config: JsonObject): number
  hasVision?(config: JsonObject): boolean
  readonly isEmbedding?: boolean
  /** For a config without `architectures`. */
  readonly architecture?: string
  dtype?(config: JsonObject): string
  quantization?(config: JsonObject): string
}

/** Published sizes: hidden size, layers, parameters. */
export type Sizes = readonly (readonly [hidden: number, layers: number, parameters: number])[]

export const layersOf = (config: JsonObject, layersKey = 'num_hidden_layers'): estimate.Layers => ({
  hidden: intOf(config, 'hidden_size'),
  layers: intOf(config, layersKey),
  inner: intOf(config, 'intermediate_size'),
  vocabulary: intOf(config, 'vocab_size'),
})

export const published = ({hidden, layers}: estimate.Layers, sizes: Sizes): number | undefined =>
  sizes.find(([h, l]) => h === hidden && l === layers)?.[2]

/** A published size, else the estimate; by default that of dense models. */
export const family = (
  sizes: Sizes,
  rest: Omit<Family, 'parameters'> = {},
  otherwise: (shape: estimate.Layers) => number = estimate.dense,
): Family => ({
  parameters: (config) => published(layersOf(config), sizes) ?? otherwise(layersOf(config)),
  ...rest,
})

export const always = (): true => true

/** Length of the context that a part of the config names. */
export const nestedLength = (key: string) => (config: JsonObject) =>
  intOf(objectOf(config, key), 'max_position_embeddings')
