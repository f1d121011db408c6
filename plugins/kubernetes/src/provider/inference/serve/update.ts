import type {Service, ServingChange, ServingOptions} from '@omni-cli/sdk'
import type {KubeClient} from '../../../client/kube-client.ts'
import {failureText} from '../hopeless.ts'
import {toService} from '../map.ts'
import {INFERENCE_SERVICE} from '../names.ts'
import {requireParts} from '../require.ts'
import {awaitReady} from '../wait.ts'
import {prepareUpdate} from './plan-update.ts'
import type {ServingSources} from './surroundings.ts'

/** Changes a service; resolves when it was seen ready with the change. */
export async function updateService(
  client: KubeClient,
  sources: ServingSources,
  wish: {readonly name: string; readonly change: ServingChange},
  options: ServingOptions = {},
): Promise<Service> {
  const {signal, wait = true, timeoutMs} = options
  const {name} = wish
  const {patch, parts} = await prepareUpdate(client, sources, wish, {signal})
  if (patch !== undefined) {
    await client.patch({kind: INFERENCE_SERVICE, namespace: client.namespace, name}, patch, {type: 'merge', signal})
  }
  const now = await requireParts(client, name, {signal})
  // What does not run on purpose has the change when it is started.
  if (!wait || toService(parts).status === 'stopped') return toService(now)
  return awaitReady(client, name, {...options, timeoutMs, failureBefore: failureText(parts)})
}
