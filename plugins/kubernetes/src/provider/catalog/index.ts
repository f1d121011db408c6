import {type DriverContext, type ModelCatalog, OmniError} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import type {KubernetesSettings} from '../../config.ts'

export interface Surroundings {
  readonly context: DriverContext
  readonly settings: KubernetesSettings
}

export function createCatalog(client: KubeClient, _surroundings: Surroundings): ModelCatalog {
  throw new OmniError('UNSUPPORTED', `not yet: ${client.context}`)
}
