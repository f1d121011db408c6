import {
  type CallOptions,
  type ModelRuntime,
  OmniError,
  type RuntimeDraft,
  type RuntimeTest,
  requireFacet,
} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'

/** What a command line asks for. */
export interface DraftWords {
  readonly name: string
  readonly template?: string | undefined
  readonly from?: string | undefined
  readonly architecture?: string | undefined
  readonly size?: string | undefined
  readonly gpus?: number | undefined
  readonly set: readonly string[]
  /** Absent: for the whole cluster. */
  readonly namespace?: string | undefined
}

/** USAGE, before anything is asked, when the words do not say what to start from, or twice. */
export function draftOf(words: DraftWords): RuntimeDraft {
  const {name, template, from, architecture, size, gpus, set, namespace} = words
  if ((template === undefined) === (from === undefined)) {
    throw new OmniError('USAGE', 'start from one thing: --from-template or --from', {
      hint: `omni create runtime --from-template vllm --name ${name} --model-arch ARCH`,
    })
  }
  if (template !== undefined && architecture === undefined) {
    throw new OmniError('USAGE', 'a template needs --model-arch, like LlamaForCausalLM')
  }
  const base = template === undefined ? {runtime: from ?? ''} : {template}
  return {name, namespace, from: base, architecture, size, gpus, set}
}

const tools = async (session: Session) => requireFacet(await session.open('catalog'), 'runtimeTools')

export const renderRuntime = async (session: Session, draft: RuntimeDraft, call: CallOptions) =>
  (await tools(session)).render(draft, call)

export const makeRuntime = async (session: Session, draft: RuntimeDraft, call: CallOptions): Promise<ModelRuntime> =>
  (await tools(session)).create(draft, call)

export const testRuntime = async (session: Session, name: string, call: CallOptions): Promise<RuntimeTest> =>
  (await tools(session)).test(name, call)
