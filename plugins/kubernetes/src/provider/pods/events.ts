import {type EventFacet, OmniError} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'

/** Events of the cluster about services and what belongs to them. */
export function createEvents(client: KubeClient): EventFacet {
  throw new OmniError('UNSUPPORTED', `not yet: ${client.context}`)
}
