import {type ApiObject, type ApplyObjectOptions, isOmniError, OmniError, poll} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {droppedFields} from './changes.ts'
import {kindOf} from './kinds.ts'
import {placedRef} from './plan.ts'
import {clearer} from './refusals.ts'
import {sendable} from './sendable.ts'
import {isDefinition} from './tiers.ts'
import {isMap, listAt, textAt} from './values.ts'

/** A new kind is served within a second or so; the API server reads definitions one after another. */
const SERVED_MS = 30_000

/** See `ObjectApi.apply`. */
export async function applyObject(
  client: KubeClient,
  object: ApiObject,
  options: ApplyObjectOptions = {},
): Promise<ApiObject> {
  const {force, signal, onProgress} = options
  const kind = await kindOf(client, object, {signal})
  const wanted = sendable(object, placedRef(object, kind, client.namespace).namespace)
  const send = () => client.apply(kind, wanted, {force, signal, onWarning: (text) => onProgress?.(`warning: ${text}`)})
  const answer = await send().catch((error: unknown) => {
    throw clearer(error, wanted)
  })
  const dropped = droppedFields(wanted, answer)
  if (dropped.length > 0) {
    throw new OmniError('INVALID', `the server took the object without ${dropped.join(', ')}, which it does not know`, {
      hint: 'omni validate FILE',
    })
  }
  await settle(client, answer, {signal, onProgress})
  return answer
}

/** Waits until objects can use it. */
async function settle(client: KubeClient, object: ApiObject, options: ApplyObjectOptions): Promise<void> {
  const {signal, onProgress} = options
  if (!isDefinition(object)) return
  onProgress?.('waiting until the server serves it')
  const kind = await kindOf(client, object, {signal})
  await poll({everyMs: (asked) => Math.min(1000, 50 * asked), timeoutMs: SERVED_MS, signal}, async () => {
    const now = await client.get({kind, name: object.metadata.name}, {signal})
    const conditions = listAt(now, 'status', 'conditions').filter(isMap)
    const refused = conditions.find(({type, status}) => type === 'NamesAccepted' && status === 'False')
    if (refused !== undefined) throw new OmniError('CONFLICT', textAt(refused, 'message') ?? 'its names are taken')
    return conditions.some(({type, status}) => type === 'Established' && status === 'True')
  })
  const versions = listAt(object, 'spec', 'versions').filter(isMap)
  const group = textAt(object, 'spec', 'group') ?? ''
  const served = versions.find(({served: is}) => is !== false)
  const wanted = {apiVersion: `${group}/${textAt(served, 'name')}`, kind: textAt(object, 'spec', 'names', 'kind') ?? ''}
  // Established comes a moment before the first request is answered.
  await poll({everyMs: (asked) => Math.min(1000, 50 * asked), timeoutMs: SERVED_MS, signal}, async () => {
    const found = await client.findKind(wanted, {signal})
    if (found === undefined) return false
    try {
      await client.request({method: 'GET', path: client.pathOf(found), query: {limit: 1}}, {signal})
    } catch (error) {
      return isOmniError(error) && error.code === 'FORBIDDEN'
    }
    return true
  })
}
