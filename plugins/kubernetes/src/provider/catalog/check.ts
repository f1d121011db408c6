import {type CallOptions, type Health, isOmniError} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {CLUSTER_BASE_MODEL} from './kinds.ts'

/** Reachable, and with the kinds of OME. */
export async function checkCatalog(client: KubeClient, call: CallOptions = {}): Promise<Health> {
  try {
    const [version, models] = await Promise.all([
      client.version(call),
      client.findKind(`${CLUSTER_BASE_MODEL.plural}.${CLUSTER_BASE_MODEL.group}`, call),
    ])
    if (models !== undefined) return {ok: true, version}
    return {ok: false, version, message: `'${client.context}' does not have OME`, hint: 'omni cluster health'}
  } catch (error) {
    if (!isOmniError(error)) throw error
    return {ok: false, message: error.message, hint: error.hint ?? 'omni cluster list'}
  }
}
