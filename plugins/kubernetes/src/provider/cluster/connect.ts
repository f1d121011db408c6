import type {CallOptions, ClusterContext, DriverContext, Health} from '@omni-cli/sdk'
import {chooseContext} from '../../client/kubeconfig/choose.ts'
import {allowProgram} from '../../client/kubeconfig/exec-trust.ts'
import {kubeconfigFiles, loadKubeconfig} from '../../client/kubeconfig/load.ts'
import {namedFiles} from '../../client/open-access.ts'
import {openClient} from '../../client/open-client.ts'
import type {KubernetesSettings} from '../../config.ts'
import {checkCluster} from '../check.ts'

export interface ConnectOptions extends CallOptions {
  readonly context: ClusterContext
  readonly files?: readonly string[] | undefined
  readonly allowsProgram?: boolean | undefined
}

/** Asks the API server of a context of the kubeconfig, as if it were the one of ours. */
export async function connectTo(
  surroundings: DriverContext,
  settings: KubernetesSettings,
  {context, files, allowsProgram, ...call}: ConnectOptions,
): Promise<Health> {
  const own = {...surroundings, cluster: context.name, namespace: undefined, isProtected: false}
  const named = files === undefined ? settings : {...settings, kubeconfig: [...files]}
  if (allowsProgram === true) await allow(surroundings, context, namedFiles(named))
  return checkCluster(() => openClient(own, named), call)
}

async function allow({home, env}: DriverContext, {name}: ClusterContext, files: readonly string[]): Promise<void> {
  const config = await loadKubeconfig(kubeconfigFiles(files, env))
  const exec = config === undefined ? undefined : chooseContext(config, name).user.exec
  if (exec !== undefined) await allowProgram(home, exec)
}
