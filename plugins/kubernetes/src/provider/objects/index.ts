import {type DriverContext, type ObjectApi, OmniError} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import type {KubernetesSettings} from '../../config.ts'

export interface Surroundings {
  readonly context: DriverContext
  readonly settings: KubernetesSettings
}

export function createObjects(client: KubeClient, _surroundings: Surroundings): ObjectApi {
  throw new OmniError('UNSUPPORTED', `not yet: ${client.context}`)
}
