import {isOmniError, OmniError, requireFacet, type ServingFacet} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'

/** Who serves models here. UNSUPPORTED, with what to do, where nobody does. */
export async function openServing(session: Session): Promise<ServingFacet> {
  try {
    return requireFacet(await session.open('catalog'), 'serving')
  } catch (error) {
    if (!isOmniError(error) || session.context.cluster !== undefined) throw error
    throw new OmniError('UNSUPPORTED', `the context '${session.context.name}' has no cluster that could serve models`, {
      hint: 'omni cluster connect',
      cause: error,
    })
  }
}
