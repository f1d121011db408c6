import {type DriverContext, redact} from '@omni-cli/sdk'
import type {KubernetesSettings} from '../config.ts'
import {chooseContext} from './kubeconfig/choose.ts'
import {credentialsOf, readMaterial} from './kubeconfig/credentials.ts'
import {IN_CLUSTER, readInCluster} from './kubeconfig/in-cluster.ts'
import type {UserEntry} from './kubeconfig/kubeconfig.ts'
import {kubeconfigFiles, loadKubeconfig, noKubeconfig} from './kubeconfig/load.ts'
import {isLoopback, proxyOf} from './proxy.ts'
import type {ServerAccess} from './transport.ts'

/** A server, and the context that led to it. */
export interface NamedAccess {
  /** Context of the kubeconfig. */
  readonly context: string
  readonly namespace: string
  readonly access: ServerAccess
}

/** Files that a context names for itself. */
export const namedFiles = ({kubeconfig}: KubernetesSettings): readonly string[] =>
  typeof kubeconfig === 'string' ? [kubeconfig] : (kubeconfig ?? [])

/**
 * What `cluster:` of the context means: a context of the kubeconfig, without one its current context, and without a
 * kubeconfig the cluster that this pod runs in. Contacts nothing.
 */
export async function openAccess(context: DriverContext, settings: KubernetesSettings): Promise<NamedAccess> {
  const files = kubeconfigFiles(namedFiles(settings), context.env)
  const config = await loadKubeconfig(files)
  if (config === undefined || (config.contexts.size === 0 && context.cluster === undefined)) {
    const own = await openInCluster(context)
    if (own === undefined) throw noKubeconfig(files.files)
    return own
  }
  const {name, cluster, user: found, namespace} = chooseContext(config, context.cluster)
  const ca = await readMaterial(cluster.ca, 'certificate-authority')
  if (cluster.isInsecure) context.notice(`warning: the certificate of ${cluster.server} is not checked`)
  const user = isReadable(cluster.server) ? withoutSecrets(found, cluster.server, context.notice) : found
  const {exec} = user
  const run =
    exec === undefined
      ? undefined
      : (await import('./kubeconfig/exec-plugin.ts')).openExecPlugin(exec, {context, name, cluster: {...cluster, ca}})
  return {
    context: name,
    namespace: context.namespace ?? namespace ?? 'default',
    access: {
      server: cluster.server,
      ca,
      serverName: cluster.serverName,
      isInsecure: cluster.isInsecure,
      proxy: cluster.proxy ?? proxyOf(cluster.server, context.env),
      credentials: credentialsOf(user, run),
    },
  }
}

/** Everybody on the way can read along. */
const isReadable = (server: string): boolean => /^http:/i.test(server) && !isLoopback(server)

/** As kubectl: what would be readable on the way is not sent. */
function withoutSecrets(user: UserEntry, server: string, notice: (text: string) => void): UserEntry {
  if (Object.entries(user).some(([key, value]) => key !== 'headers' && value !== undefined)) {
    notice(`warning: ${redact(server)} is not encrypted: the credentials of the kubeconfig are not sent`)
  }
  return {headers: user.headers}
}

async function openInCluster(context: DriverContext): Promise<NamedAccess | undefined> {
  const found = await readInCluster(context.env)
  if (found === undefined || (context.cluster !== undefined && context.cluster !== IN_CLUSTER)) return undefined
  const {server, ca, tokenFile, namespace} = found
  return {
    context: IN_CLUSTER,
    namespace: context.namespace ?? namespace,
    access: {server, ca, credentials: credentialsOf({tokenFile, headers: {}}, undefined)},
  }
}
