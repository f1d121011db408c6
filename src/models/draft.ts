import {
  type CallOptions,
  type ModelRuntime,
  OmniError,
  type RuntimeDraft,
  type RuntimeTest,
  requireFacet,
} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import {readTemplate} from './template.ts'

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

/**
 * USAGE, before any cluster is asked, when the words do not say what to start from, or twice.
 * @param root folder of this package, where the templates are
 */
export async function draftOf(words: DraftWords, root: string): Promise<RuntimeDraft> {
  const {name, template, from, architecture, size, gpus, set, namespace} = words
  const more = {name, namespace, architecture, size, gpus, set}
  if (template === undefined && from !== undefined) return {...more, from: {runtime: from}}
  if (template === undefined || from !== undefined) {
    throw new OmniError('USAGE', 'start from one thing: --from-template or --from', {
      hint: `omni create runtime --from-template vllm --name ${name} --model-arch ARCH`,
    })
  }
  if (architecture === undefined) {
    throw new OmniError('USAGE', 'a template needs --model-arch, like LlamaForCausalLM')
  }
  return {...more, from: {manifest: await readTemplate(template, root)}}
}

const tools = async (session: Session) => requireFacet(await session.open('catalog'), 'runtimeTools')

export const renderRuntime = async (session: Session, draft: RuntimeDraft, call: CallOptions) =>
  (await tools(session)).render(draft, call)

export const makeRuntime = async (session: Session, draft: RuntimeDraft, call: CallOptions): Promise<ModelRuntime> =>
  (await tools(session)).create(draft, call)

export const testRuntime = async (session: Session, name: string, call: CallOptions): Promise<RuntimeTest> =>
  (await tools(session)).test(name, call)
