import {type CallOptions, formatDuration, OmniError, type Service, sleep} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {componentsOf, type Parts} from './component.ts'
import {at, textsAt} from './fields.ts'
import {failureText} from './hopeless.ts'
import {toService} from './map.ts'
import {ANNOTATION, INFERENCE_SERVICE} from './names.ts'
import {observe} from './observe.ts'
import {requireParts, requireRaw} from './require.ts'
import {setReplicas} from './scale.ts'
import {awaitReady} from './wait.ts'

const STOP_TIMEOUT_MS = 10 * 60_000
/** An operator or autoscaler that puts replicas back does so within this time. */
const STAYS_MS = 1_500

/**
 * Stops a service without a change of the service: its Deployments get 0 replicas. An autoscaler rests while its target has 0
 * replicas, and the operator leaves that number alone, so it stays. Nothing of the pod template changes, so that `start` brings
 * back the very same pods. (The annotation autoscalerClass: external would say the same, but is copied into every pod template.)
 */
export async function stopService(client: KubeClient, name: string, call: CallOptions = {}): Promise<Service> {
  const parts = await requireParts(client, name, call)
  requireRaw(parts, 'stopped')
  refuseKeda(parts)
  const running = componentsOf(parts).filter(({exists}) => exists)
  if (running.length === 0) throw unmade(name)
  // Routers first: they take no more requests for engines that go.
  for (const component of running.toReversed()) {
    await setReplicas(client, parts, {component: component.name, replicas: 0}, {signal: call.signal})
  }
  return awaitStopped(client, name, call)
}

function refuseKeda({service}: Parts): void {
  if (textsAt(service, 'metadata', 'annotations')[ANNOTATION.autoscaler] !== 'keda') return
  const {name} = service.metadata
  throw new OmniError('UNSUPPORTED', `'${name}' is scaled by KEDA, which would start it again`, {
    hint: `omni autoscale service ${name} --off`,
  })
}

const unmade = (name: string): OmniError =>
  new OmniError('CONFLICT', `the operator has made nothing for '${name}' yet: there is nothing to stop`, {
    hint: `omni debug service ${name}`,
  })

async function awaitStopped(client: KubeClient, name: string, {signal, onProgress}: CallOptions): Promise<Service> {
  const startedMs = Date.now()
  for await (const sight of observe(client, name, {signal})) {
    const {service, pods} = sight
    if (service === undefined) throw new OmniError('NOT_FOUND', `'${name}' was removed by someone meanwhile`)
    const parts: Parts = {...sight, service}
    const back = componentsOf(parts).find(({exists, desired}) => exists && desired > 0)
    if (back !== undefined && Date.now() - startedMs > STAYS_MS) throw putBack(name, back.name)
    if (pods.length > 0) onProgress?.(`${pods.length} ${pods.length === 1 ? 'pod ends' : 'pods end'}`)
    else if (back === undefined) return stayed(client, name, {signal})
    if (Date.now() - startedMs > STOP_TIMEOUT_MS) {
      throw new OmniError(
        'TIMEOUT',
        `${pods.length} pods of '${name}' are there after ${formatDuration(STOP_TIMEOUT_MS)}`,
      )
    }
  }
  throw new OmniError('ABORTED', 'interrupted')
}

/** Looks again after a moment: someone may put replicas back. */
async function stayed(client: KubeClient, name: string, {signal}: CallOptions): Promise<Service> {
  await sleep(STAYS_MS, signal)
  const parts = await requireParts(client, name, {signal})
  const back = componentsOf(parts).find(({exists, desired}) => exists && desired > 0)
  if (back !== undefined) throw putBack(name, back.name)
  return toService(parts)
}

const putBack = (name: string, component: string): OmniError =>
  new OmniError('CONFLICT', `something has started '${name}' again: its ${component} has replicas`, {
    hint: `omni events service ${name}`,
  })

/** As many replicas as the service wants; one that runs is only waited for. */
export async function startService(client: KubeClient, name: string, call: CallOptions = {}): Promise<Service> {
  const parts = await requireParts(client, name, call)
  for (const {name: component, exists, desired, minReplicas = 1} of componentsOf(parts)) {
    if (!exists || desired > 0) continue
    await setReplicas(client, parts, {component, replicas: Math.max(1, minReplicas)}, {signal: call.signal})
  }
  return awaitReady(client, name, {...call, failureBefore: failureText(parts)})
}

/**
 * New pods for every component, by an annotation of its pod template, as the operator reads it from the component's spec. A stopped
 * service is started.
 */
export async function restartService(client: KubeClient, name: string, call: CallOptions = {}): Promise<Service> {
  const parts = await requireParts(client, name, call)
  const components = componentsOf(parts)
  if (components.length > 0 && components.every(({exists, desired}) => exists && desired === 0)) {
    return startService(client, name, call)
  }
  const stamp = new Date().toISOString()
  const named = components.filter((component) => at(parts.service, 'spec', component.name) !== undefined)
  const patch = {
    spec: Object.fromEntries(
      named.map((component) => [component.name, {annotations: {[ANNOTATION.restartedAt]: stamp}}]),
    ),
  }
  const place = {kind: INFERENCE_SERVICE, namespace: client.namespace, name}
  await client.patch(place, patch, {type: 'merge', signal: call.signal})
  return awaitReady(client, name, {...call, failureBefore: failureText(parts), isReached: isStamped(stamp)})
}

/** Every pod that lives was made after the restart was asked for. */
const isStamped =
  (stamp: string) =>
  ({pods}: Parts): boolean =>
    pods
      .filter((pod) => at(pod, 'metadata', 'deletionTimestamp') === undefined)
      .every((pod) => textsAt(pod, 'metadata', 'annotations')[ANNOTATION.restartedAt] === stamp)

const EXPLAIN_EVERY_MS = 10_000

/** Resolves when it is gone, and its pods with it; tells which finalizer it waits for. */
export async function removeService(client: KubeClient, name: string, call: CallOptions = {}): Promise<void> {
  const {signal, onProgress} = call
  await client.remove({kind: INFERENCE_SERVICE, namespace: client.namespace, name}, {signal})
  let toldMs = Date.now()
  for await (const {service, pods} of observe(client, name, {signal})) {
    if (service === undefined && pods.length === 0) return
    const finalizers = at(service, 'metadata', 'finalizers')
    if (service === undefined) onProgress?.(`${pods.length} ${pods.length === 1 ? 'pod ends' : 'pods end'}`)
    else if (Array.isArray(finalizers) && finalizers.length > 0 && Date.now() - toldMs > EXPLAIN_EVERY_MS) {
      toldMs = Date.now()
      onProgress?.(
        `waits for the finalizer ${finalizers.join(', ')}: the operator takes it off. Does it run? omni cluster health`,
      )
    }
  }
}
