import type {ClusterContext, DriverContext} from '@omni-cli/sdk'
import {IN_CLUSTER, readInCluster} from '../../client/kubeconfig/in-cluster.ts'
import type {Kubeconfig} from '../../client/kubeconfig/kubeconfig.ts'
import {kubeconfigFiles, loadKubeconfig, noKubeconfig} from '../../client/kubeconfig/load.ts'
import {namedFiles} from '../../client/open-access.ts'
import type {KubernetesSettings} from '../../config.ts'

/** Contexts of the files, by name. NOT_FOUND when there is no kubeconfig, and this is no pod of a cluster. */
export async function listContexts(
  {env}: Pick<DriverContext, 'env'>,
  settings: KubernetesSettings,
  named: readonly string[] | undefined,
): Promise<ClusterContext[]> {
  const files = kubeconfigFiles(named ?? namedFiles(settings), env)
  const config = await loadKubeconfig(files)
  if (config !== undefined) return contextsIn(config)
  const own = await readInCluster(env)
  if (own === undefined) throw noKubeconfig(files.files)
  const {server, namespace, tokenFile} = own
  return [{name: IN_CLUSTER, server, namespace, current: true, file: tokenFile}]
}

/** Whether a context's cluster and user are there is told when it is used. */
const contextsIn = ({contexts, clusters, users, current}: Kubeconfig): ClusterContext[] =>
  [...contexts]
    .map(([name, {file, entry}]) => ({
      name,
      server: clusters.get(entry.cluster)?.entry.server ?? '',
      user: entry.user,
      namespace: entry.namespace,
      current: name === current,
      file,
      program: entry.user === undefined ? undefined : users.get(entry.user)?.entry.exec?.argv,
    }))
    .toSorted((a, b) => a.name.localeCompare(b.name))
