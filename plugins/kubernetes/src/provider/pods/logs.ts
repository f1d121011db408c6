import {type CallOptions, type LogFacet, OmniError} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import type {PodGroup} from '../flavour.ts'

type PodsOf = (name: string, options?: CallOptions) => Promise<PodGroup | undefined>

export function createLogs(client: KubeClient, _podsOf: PodsOf): LogFacet {
  throw new OmniError('UNSUPPORTED', `not yet: ${client.context}`)
}
