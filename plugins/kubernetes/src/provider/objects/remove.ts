import {type ApiObject, type CallOptions, type ObjectRef, sleep} from '@omni-cli/sdk'
import type {KubeClient, ObjectPlace} from '../../client/kube-client.ts'
import {kindOf} from './kinds.ts'
import {listAt, textAt} from './values.ts'

/** After this long, whoever waits is told what it waits for. */
const PATIENCE_MS = 3000

/** See `ObjectApi.remove`. */
export async function removeObject(client: KubeClient, ref: ObjectRef, options: CallOptions = {}): Promise<void> {
  const {signal, onProgress} = options
  const kind = await kindOf(client, ref, {signal})
  const place: ObjectPlace = {kind, namespace: ref.namespace, name: ref.name}
  const before = await client.get(place, {signal})
  if (before === undefined) return
  await client.remove(place, {signal})
  const since = Date.now()
  let told: string | undefined
  for (let asked = 1; ; asked++) {
    const now = await client.get(place, {signal})
    // A new one of the same name is not the one that goes.
    if (now === undefined || now.metadata.uid !== before.metadata.uid) return
    const reason = waitingFor(now)
    if (Date.now() - since > PATIENCE_MS && reason !== told) {
      onProgress?.(reason)
      told = reason
    }
    await sleep(Math.min(1000, 20 * asked), signal)
  }
}

/** Who takes a finalizer away, and why that may never happen. */
const FINALIZERS: readonly {readonly name: RegExp; readonly why: string}[] = [
  {
    name: /^(cluster)?basemodels\.ome\.io\/finalizer$/,
    why: "the controller of OME takes it away when each node's agent has deleted the files; it hangs while an agent or node is down (omni get nodes.core)",
  },
  {name: /^acceleratorclasses\.ome\.io\/finalizer$/, why: 'the controller of OME takes it away (omni cluster health)'},
  {
    name: /^(inferenceservice|benchmarkjob)\.finalizers$/,
    why: 'the controller of OME takes it away (omni cluster health)',
  },
  {name: /^kubernetes\.io\/pvc-protection$/, why: 'it is taken away when no pod uses the claim any more'},
  {name: /^kubernetes\.io\/pv-protection$/, why: 'it is taken away when no claim is bound to the volume any more'},
  {name: /^foregroundDeletion$/, why: 'the objects that it owns go first'},
  {name: /^customresourcecleanup\.apiextensions\.k8s\.io$/, why: 'all objects of the kind go first'},
  {
    name: /^service\.kubernetes\.io\/load-balancer-cleanup$/,
    why: 'the cloud controller removes the load balancer first',
  },
]

/** What an object that is being deleted still waits for. */
export function waitingFor(object: ApiObject): string {
  const names = [...listAt(object.metadata, 'finalizers'), ...listAt(object, 'spec', 'finalizers')].map(String)
  if (names.length > 0) return names.map(finalizerText).join('; ')
  const grace = object.metadata.deletionGracePeriodSeconds
  if (object.kind === 'Pod' && typeof grace === 'number') return `its containers have ${grace} s to end`
  const reason = textAt(object, 'status', 'phase')
  return reason === undefined ? 'waiting until it is gone' : `waiting until it is gone; it is ${reason}`
}

function finalizerText(name: string): string {
  if (name === 'kubernetes') return 'what is in the namespace goes first'
  const known = FINALIZERS.find((one) => one.name.test(name))
  return `waiting for the finalizer '${name}': ${known?.why ?? 'whoever set it takes it away'}`
}
