/** Estimates of parameters from what config.json says of the layers, as the operator makes them when there are no safetensors. */

export interface Layers {
  readonly hidden: number
  readonly layers: number
  /** Width of the feed-forward part. */
  readonly inner: number
  readonly vocabulary: number
}

const perLayer = ({hidden, inner}: Layers): number => 3 * hidden ** 2 + 2 * hidden * inner + 4 * hidden + inner

/** Most families. */
export const dense = (shape: Layers): number => 2 * shape.hidden * shape.vocabulary + shape.layers * perLayer(shape)

/** Llama: a fixed vocabulary, whole billions. */
export function llama(shape: Layers): number {
  const inner = shape.inner === 0 ? Math.trunc((shape.hidden * 8) / 3) : shape.inner
  return wholeBillions(shape.hidden * 32_000 + shape.layers * perLayer({...shape, inner}))
}

/** Text and vision parts of multimodal Llama and Gemma. */
export const attentionAndInner = ({hidden, layers, inner}: Layers): number =>
  layers * (4 * hidden ** 2 + 2 * hidden * inner)

/** Types without a loader of their own. */
export const generic = ({hidden, layers, vocabulary}: Layers): number => vocabulary * hidden + layers * 12 * hidden ** 2

export interface Experts {
  readonly routed: number
  readonly shared: number
  /** Width of one expert. */
  readonly inner: number
}

/** Mixtures of experts without a loader of their own, and the language part of DeepSeek-VL. */
export function mixture({hidden, layers, inner, vocabulary}: Layers, experts: Experts): number {
  const {routed, shared} = experts
  const width = experts.inner === 0 ? inner : experts.inner
  const layer =
    4 * hidden ** 2 + shared * 2 * hidden * inner + routed * 2 * hidden * width + hidden * routed + 2 * hidden
  return hidden * vocabulary + layers * layer
}

/** Qwen3-VL with experts. */
export function qwenMixture({hidden, layers, vocabulary}: Layers, experts: Pick<Experts, 'routed' | 'inner'>): number {
  const {routed, inner} = experts
  return (
    2 * hidden * vocabulary + layers * (4 * hidden ** 2 + routed * 3 * hidden * inner + hidden * routed + 2 * hidden)
  )
}

export const wholeBillions = (parameters: number): number => Math.trunc(parameters / 1e9) * 1e9
