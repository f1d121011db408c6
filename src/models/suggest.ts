import {type RuntimeSuggestion, requireFacet, type SuggestOptions} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'

/** What the operator would pick for a model of the catalogue, and what fits. NOT_FOUND for a model that is not there. */
export async function suggestRuntime(
  session: Session,
  model: string,
  options: SuggestOptions,
): Promise<RuntimeSuggestion> {
  return requireFacet(await session.open('catalog'), 'selection').suggest(model, options)
}
