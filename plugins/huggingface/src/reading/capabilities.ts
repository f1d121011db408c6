export type Capability =
  | 'TEXT_TO_TEXT'
  | 'IMAGE_TEXT_TO_TEXT'
  | 'TEXT_TO_IMAGE'
  | 'IMAGE_TEXT_TO_IMAGE'
  | 'TEXT_TO_VIDEO'
  | 'IMAGE_TEXT_TO_VIDEO'
  | 'AUDIO_TO_TEXT'
  | 'EMBEDDING'
  | 'RERANK'

interface Traits {
  readonly modelType: string
  readonly architecture: string
  readonly hasVision: boolean
  readonly isEmbedding: boolean
}

const SPEECH_TYPES = /^(whisper|wav2vec2|hubert|wavlm|sew|unispeech|speech_to_text|speecht5|moonshine)/
const SPEECH_ARCHITECTURES = /(ForCTC|ForSpeechToText|ForSpeechSeq2Seq)/

/** By the operator's rule, the first hit: vision, speech, embedding, else text. */
export function capabilitiesOf({modelType, architecture, hasVision, isEmbedding}: Traits): readonly Capability[] {
  if (hasVision) return ['IMAGE_TEXT_TO_TEXT']
  const type = modelType.toLowerCase()
  if (SPEECH_TYPES.test(type) || SPEECH_ARCHITECTURES.test(architecture)) return ['AUDIO_TO_TEXT']
  const name = architecture.toLowerCase()
  const isNamed = name.includes('embedding') || name.includes('sentence') || type.includes('bert')
  return isEmbedding || isNamed || (type.includes('mistral') && name.includes('mistralmodel'))
    ? ['EMBEDDING']
    : ['TEXT_TO_TEXT']
}

/** What a pipeline of diffusers makes, by the name of its class. */
export function pipelineCapabilities(className: string): readonly Capability[] {
  const name = className.toLowerCase()
  const isFromImage = /(img2img|image2image|imagetoimage|imagetovideo|image2video|edit|inpaint|kontext|i2v)/.test(name)
  const isVideo = /(video|i2v|t2v)/.test(name)
  if (isVideo) return [isFromImage ? 'IMAGE_TEXT_TO_VIDEO' : 'TEXT_TO_VIDEO']
  return [isFromImage ? 'IMAGE_TEXT_TO_IMAGE' : 'TEXT_TO_IMAGE']
}

/** What the task of a repository says that the rule cannot see. */
const BY_TASK: Readonly<Record<string, Capability>> = {
  'text-ranking': 'RERANK',
  'feature-extraction': 'EMBEDDING',
  'sentence-similarity': 'EMBEDDING',
  'text-generation': 'TEXT_TO_TEXT',
  'image-text-to-text': 'IMAGE_TEXT_TO_TEXT',
  'automatic-speech-recognition': 'AUDIO_TO_TEXT',
}

export interface Corrected {
  readonly capabilities: readonly Capability[]
  /** Set when the operator reads it differently. */
  readonly remark?: string | undefined
}

/** The capabilities that a model has: the task that its authors name goes before the rule where the rule is known to err. */
export function correctedCapabilities(
  ruled: readonly Capability[],
  {architecture, task}: {readonly architecture: string; readonly task?: string | undefined},
): Corrected {
  const byTask = task === undefined ? undefined : BY_TASK[task]
  const isChat = ruled[0] === 'EMBEDDING' && architecture.endsWith('ForCausalLM')
  const better = byTask ?? (isChat ? 'TEXT_TO_TEXT' : undefined)
  if (better === undefined || ruled.includes(better)) return {capabilities: ruled}
  return {
    capabilities: [better],
    remark: `the operator alone would take it for ${ruled.join(', ')}; it is written down as ${better}`,
  }
}
