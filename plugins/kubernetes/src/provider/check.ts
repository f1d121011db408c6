import {type CallOptions, type Health, isAbort, isOmniError, messageOf} from '@omni-cli/sdk'
import type {KubeClient} from '../client/kube-client.ts'

/** Whether the API server answers, and its version. */
export async function checkCluster(
  client: KubeClient | (() => Promise<KubeClient>),
  options: CallOptions = {},
): Promise<Health> {
  try {
    const opened = typeof client === 'function' ? await client() : client
    return {ok: true, version: await opened.version(options)}
  } catch (error) {
    if (isAbort(error)) throw error
    const hint = isOmniError(error) ? error.hint : undefined
    return {ok: false, message: messageOf(error), hint: hint ?? 'omni cluster health'}
  }
}
