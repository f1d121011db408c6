import {OmniError} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import type {AppFlavour} from '../flavour.ts'

/** Applications as Deployments. */
export function createApps(client: KubeClient): AppFlavour {
  throw new OmniError('UNSUPPORTED', `not yet: ${client.context}`)
}
