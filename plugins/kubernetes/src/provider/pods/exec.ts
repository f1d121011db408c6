import {type CallOptions, type ExecFacet, OmniError} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import type {PodGroup} from '../flavour.ts'

type PodsOf = (name: string, options?: CallOptions) => Promise<PodGroup | undefined>

export function createExec(client: KubeClient, _podsOf: PodsOf): ExecFacet {
  throw new OmniError('UNSUPPORTED', `not yet: ${client.context}`)
}
