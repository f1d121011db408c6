import {type ClusterProvider, OmniError} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'

/** The cluster of the context. UNAVAILABLE when the context has none. */
export async function openCluster(session: Session): Promise<ClusterProvider> {
  const {name, cluster} = session.context
  if (cluster !== undefined) return session.open('cluster')
  throw new OmniError('UNAVAILABLE', `context '${name}' has no cluster`, {hint: 'omni cluster connect'})
}
