import {
  type CallOptions,
  type DeviceFit,
  type FitOptions,
  type FitSubject,
  OmniError,
  requireFacet,
} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'

export interface ModelFit {
  /** Name in the catalogue, or the reference. */
  readonly model: string
  readonly size?: string | undefined
  readonly parameters?: number | undefined
  readonly quantization?: string | undefined
  readonly fits: readonly DeviceFit[]
}

/** Whether a model of the catalogue, or one that a reference like `hf://owner/name` means, fits on devices. */
export async function fitModel(session: Session, word: string, options: FitOptions): Promise<ModelFit> {
  const catalog = await session.open('catalog')
  const selection = requireFacet(catalog, 'selection')
  const subject = await subjectOf(session, word, options)
  const fits = await selection.fit(subject, options)
  const {size, parameters, quantization} = subject
  return {model: word, size, parameters, quantization: options.quantization ?? quantization, fits}
}

async function subjectOf(session: Session, word: string, {signal}: CallOptions): Promise<FitSubject> {
  if (word.includes('://')) return resolved(session, word, {signal})
  const model = await (await session.open('catalog')).models.get(word, {signal})
  if (model !== undefined) return model
  throw new OmniError('NOT_FOUND', `there is no model '${word}'`, {hint: 'omni get models, or hf://OWNER/NAME'})
}

async function resolved(session: Session, ref: string, call: CallOptions): Promise<FitSubject> {
  const [scheme = ''] = ref.split('://')
  const sources = await session.openAll('source')
  for (const {provider} of sources) {
    if (!(provider instanceof Error) && provider.schemes.includes(scheme)) return provider.resolve(ref, call)
  }
  const failed = sources.find(({provider}) => provider instanceof Error)?.provider
  throw new OmniError('UNSUPPORTED', `no driver resolves ${scheme}:// references`, {
    hint: 'omni provider list',
    ...(failed instanceof Error ? {cause: failed} : {}),
  })
}
