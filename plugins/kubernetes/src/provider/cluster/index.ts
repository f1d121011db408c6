import {type ClusterProvider, type DriverContext, OmniError} from '@omni-cli/sdk'
import type {KubernetesSettings} from '../../config.ts'

export function createCluster(context: DriverContext, _settings: KubernetesSettings): ClusterProvider {
  throw new OmniError('UNSUPPORTED', `not yet: ${context.context}`)
}
