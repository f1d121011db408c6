import {type CallOptions, OmniError, type Service} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {textMapAt} from '../../fields.ts'
import {componentsOf, type Parts} from './component.ts'
import {failureText} from './hopeless.ts'
import {modeOf} from './mode.ts'
import {ANNOTATION, type ComponentName, INFERENCE_SERVICE, MODE} from './names.ts'
import {requireParts} from './require.ts'
import {setReplicas} from './set-replicas.ts'
import {startService} from './stop-start.ts'
import {awaitReady} from './wait.ts'

/** Fewest and most replicas of a component as a merge patch. */
export const sizePatch = (component: ComponentName, minReplicas: number, maxReplicas: number) => ({
  spec: {[component]: {minReplicas, maxReplicas}},
})

/**
 * Sets the fewest and the most replicas of the engine to the same number: the operator always makes an autoscaler, which else
 * decides. A service that was stopped starts with that many.
 */
export async function scaleService(
  client: KubeClient,
  name: string,
  replicas: number,
  call: CallOptions = {},
): Promise<Service> {
  const parts = await requireParts(client, name, call)
  refuseScale(parts, replicas)
  const place = {kind: INFERENCE_SERVICE, namespace: client.namespace, name}
  await client.patch(place, sizePatch('engine', replicas, replicas), {type: 'merge', signal: call.signal})
  if (componentsOf(parts).every(({exists, desired}) => exists && desired === 0)) {
    return startService(client, name, call)
  }
  const isExternal = textMapAt(parts.service, 'metadata', 'annotations')[ANNOTATION.autoscaler] === 'external'
  // Without an autoscaler nobody tells the Deployment.
  if (isExternal) await setReplicas(client, parts, {component: 'engine', replicas}, call)
  return awaitReady(client, name, {
    ...call,
    failureBefore: failureText(parts),
    isReached: (now) => engineOf(now)?.desired === replicas,
  })
}

const engineOf = (parts: Parts) => componentsOf(parts).find((component) => component.name === 'engine')

function refuseScale({service}: Parts, replicas: number): void {
  const {name} = service.metadata
  const mode = modeOf(service)
  if (mode === MODE.virtual) {
    throw new OmniError('UNSUPPORTED', `'${name}' has no pods of its own (mode ${mode}): there is nothing to scale`)
  }
  if (replicas > 0) return
  const why =
    mode === MODE.serverless
      ? 'Knative ends its replicas by itself when nobody asks'
      : 'minReplicas 0 means the mode Serverless to the operator'
  throw new OmniError('UNSUPPORTED', `'${name}' cannot be scaled to 0: ${why}`, {hint: `omni stop ${name}`})
}
