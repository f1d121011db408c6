import {type ModelSource, OmniError} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'

/** The source that answers for a scheme: `hf`. UNAVAILABLE when no plugin does; the error of one that cannot be opened. */
export async function openSource(session: Session, scheme: string): Promise<ModelSource> {
  const sources = await session.openAll('source')
  for (const {provider} of sources) {
    if (!(provider instanceof Error) && provider.schemes.includes(scheme)) return provider
  }
  const broken = sources.find(({provider}) => provider instanceof Error)?.provider
  if (broken instanceof Error) throw broken
  throw new OmniError('UNAVAILABLE', `no plugin answers for models of ${scheme}://`, {hint: 'omni plugin list'})
}
