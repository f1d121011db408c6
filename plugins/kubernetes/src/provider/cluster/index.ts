import type {CallOptions, ClusterProvider, DriverContext} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import type {KubernetesSettings} from '../../config.ts'
import {NODE, POD} from './kinds.ts'

const UNFINISHED = 'status.phase!=Succeeded,status.phase!=Failed'

/** The clusters of a kubeconfig, and the one of the context. What a verb needs is loaded and opened by it. */
export function createCluster(context: DriverContext, settings: KubernetesSettings): ClusterProvider {
  const open = async (): Promise<KubeClient> => {
    const {openClient} = await import('../../client/open-client.ts')
    return openClient(context, settings)
  }
  const unfinishedPods = (client: KubeClient, call: CallOptions) =>
    client.list(POD, {...call, allNamespaces: true, fields: UNFINISHED})
  return {
    name: 'kubernetes',
    async check(call) {
      const {checkCluster} = await import('../check.ts')
      return checkCluster(open, call)
    },
    async contexts({files} = {}) {
      const {listContexts} = await import('./contexts.ts')
      return listContexts(context, settings, files)
    },
    async connect(wanted, call) {
      const {connectTo} = await import('./connect.ts')
      return connectTo(context, settings, {...wanted, ...call})
    },
    async health(call = {}) {
      const [{clusterHealth}, client] = await Promise.all([import('./health.ts'), open()])
      return clusterHealth(client, call)
    },
    async capacity(call = {}) {
      const [{capacityOf}, {withModels}, client] = await Promise.all([
        import('./capacity.ts'),
        import('./gpu-models.ts'),
        open(),
      ])
      const [nodes, pods] = await Promise.all([client.list(NODE, call), unfinishedPods(client, call)])
      return withModels(capacityOf(nodes, pods), client, call)
    },
    async requests(call = {}) {
      const [{workloadsOf}, client] = await Promise.all([import('./workloads.ts'), open()])
      return workloadsOf(await unfinishedPods(client, call))
    },
  }
}
