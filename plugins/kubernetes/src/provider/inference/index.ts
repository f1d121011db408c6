import {OmniError} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import type {Flavour} from '../flavour.ts'

/** InferenceServices of OME, seen as services. */
export function createInference(client: KubeClient): Flavour {
  throw new OmniError('UNSUPPORTED', `not yet: ${client.context}`)
}
