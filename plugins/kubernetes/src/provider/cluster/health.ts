import {type CallOptions, type ClusterCheck, isAbort, isOmniError} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {type Look, looked} from './health-look.ts'
import {nodesCheck} from './health-nodes.ts'
import {omeChecks} from './health-ome.ts'
import {optionalChecks} from './health-optional.ts'
import {permissionCheck} from './health-permissions.ts'

const LOOKS: Readonly<Record<string, Look>> = {
  nodes: nodesCheck,
  ome: omeChecks,
  permissions: permissionCheck,
  optional: optionalChecks,
}

/** Everything that serving needs, looked at side by side. Without an answer of the API server that is all there is to say. */
export async function clusterHealth(client: KubeClient, call: CallOptions): Promise<ClusterCheck[]> {
  const server = await serverCheck(client, call)
  if (server.status === 'failed') return [server]
  const kinds = await looked('kinds', async () => {
    await client.kinds({...call, fresh: true})
    return []
  })
  if (kinds.length > 0) return [server, ...kinds]
  const found = await Promise.all(Object.entries(LOOKS).map(([name, look]) => looked(name, () => look(client, call))))
  return [server, ...found.flat()]
}

async function serverCheck(client: KubeClient, call: CallOptions): Promise<ClusterCheck> {
  const name = 'api server'
  try {
    return {name, status: 'ok', message: `${await client.version(call)} at ${client.server}`}
  } catch (error) {
    if (isAbort(error) || !isOmniError(error)) throw error
    const hint = error.hint === 'omni cluster health' ? 'omni cluster connect' : error.hint
    return {name, status: 'failed', message: error.message, hint}
  }
}
