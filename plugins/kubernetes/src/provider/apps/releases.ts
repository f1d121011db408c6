import {OmniError, type ReleaseFacet} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'

/** Releases of applications, from the ReplicaSets that are kept. */
export function createReleases(client: KubeClient): ReleaseFacet {
  throw new OmniError('UNSUPPORTED', `not yet: ${client.context}`)
}
