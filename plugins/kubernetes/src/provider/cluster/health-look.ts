import {type CallOptions, type ClusterCheck, isAbort, isOmniError, messageOf} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'

/** What one look at the cluster found; several when it looked at several things. */
export type Look = (client: KubeClient, call: CallOptions) => Promise<readonly ClusterCheck[]>

/** A look that is not allowed, or gets no answer, is a finding, and no reason to hide the others. */
export async function looked(
  name: string,
  look: () => Promise<readonly ClusterCheck[]>,
): Promise<readonly ClusterCheck[]> {
  try {
    return await look()
  } catch (error) {
    if (isAbort(error) || !isOmniError(error)) throw error
    const status = NOT_SEEN.has(error.code) ? 'unknown' : 'failed'
    return [{name, status, message: messageOf(error)}]
  }
}

/** Not allowed to look, or nothing of that kind is served. */
const NOT_SEEN: ReadonlySet<string> = new Set(['FORBIDDEN', 'NOT_FOUND'])
