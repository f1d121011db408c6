import {type ApiObject, type CallOptions, formatDuration, OmniError, type Service, sleep} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {at, textMapAt} from '../../fields.ts'
import {componentsOf, type Parts, podsOfComponent} from './component.ts'
import {failureText} from './hopeless.ts'
import {toService} from './map.ts'
import {ANNOTATION, INFERENCE_SERVICE} from './names.ts'
import {observe} from './observe.ts'
import {requireParts, requireRaw} from './require.ts'
import {setReplicas} from './set-replicas.ts'
import {awaitReady} from './wait.ts'

const STOP_TIMEOUT_MS = 10 * 60_000
/** An operator or autoscaler that puts replicas back does so within this time. */
const STAYS_MS = 1_500
/** How often replicas that are put back are taken away again. */
const TRIES = 5
/** An operator that does not look at the service is not waited for longer. */
const TEMPLATE_MS = 30_000

/**
 * Stops a service: its Deployments get 0 replicas, and its autoscaler class becomes `external`, so that nobody puts them back.
 * The operator copies annotations into pod templates, and a change of them exchanges every pod; so the replicas go first, and `start`
 * takes the annotations off again before there are any. A note on the service says which class it had; it is only there while
 * the service is stopped.
 */
export async function stopService(client: KubeClient, name: string, call: CallOptions = {}): Promise<Service> {
  const parts = await requireParts(client, name, call)
  requireRaw(parts, 'stopped')
  if (!componentsOf(parts).some(({exists}) => exists)) throw unmade(name)
  await takeReplicas(client, parts, call)
  const annotations = textMapAt(parts.service, 'metadata', 'annotations')
  if (annotations[ANNOTATION.stopped] === undefined) {
    const noted = {
      [ANNOTATION.stopped]: annotations[ANNOTATION.autoscaler] ?? DEFAULT_CLASS,
      [ANNOTATION.autoscaler]: 'external',
    }
    await annotate(client, name, noted, call)
  }
  return awaitStopped(client, name, call)
}

/** What the operator takes when no class is written: nothing is written when it is taken back. */
const DEFAULT_CLASS = 'default'

/** Routers first: they take no more requests for engines that go. */
async function takeReplicas(client: KubeClient, parts: Parts, {signal}: CallOptions): Promise<void> {
  const running = componentsOf(parts).filter(({exists, desired}) => exists && desired > 0)
  for (const component of running.toReversed()) {
    await setReplicas(client, parts, {component: component.name, replicas: 0}, {signal})
  }
}

const annotate = (
  client: KubeClient,
  name: string,
  annotations: Readonly<Record<string, string | null>>,
  {signal}: CallOptions,
) =>
  client.patch(
    {kind: INFERENCE_SERVICE, namespace: client.namespace, name},
    {metadata: {annotations}},
    {type: 'merge', signal},
  )

const unmade = (name: string): OmniError =>
  new OmniError('CONFLICT', `the operator has made nothing for '${name}' yet: there is nothing to stop`, {
    hint: `omni debug service ${name}`,
  })

async function awaitStopped(client: KubeClient, name: string, call: CallOptions): Promise<Service> {
  const startedMs = Date.now()
  let tries = 0
  for await (const sight of observe(client, name, call)) {
    const {service, pods} = sight
    if (service === undefined) throw new OmniError('NOT_FOUND', `'${name}' was removed by someone meanwhile`)
    const parts: Parts = {...sight, service}
    if (hasReplicas(parts)) {
      if (++tries > TRIES) throw putBack(name)
      await takeReplicas(client, parts, call)
    } else if (pods.length > 0) call.onProgress?.(podsEnd(pods.length))
    else {
      // Looks again after a moment: someone may put replicas back.
      await sleep(STAYS_MS, call.signal)
      const fresh = await requireParts(client, name, call)
      if (!hasReplicas(fresh) && fresh.pods.length === 0) return toService(fresh)
    }
    if (Date.now() - startedMs > STOP_TIMEOUT_MS) throw late(name, pods.length)
  }
  throw new OmniError('ABORTED', 'interrupted')
}

const hasReplicas = (parts: Parts): boolean => componentsOf(parts).some(({exists, desired}) => exists && desired > 0)

const podsEnd = (count: number): string => `${count} ${count === 1 ? 'pod ends' : 'pods end'}`

const late = (name: string, pods: number): OmniError =>
  new OmniError('TIMEOUT', `${pods} pods of '${name}' are still there after ${formatDuration(STOP_TIMEOUT_MS)}`, {
    hint: `omni debug service ${name}`,
  })

const putBack = (name: string): OmniError =>
  new OmniError('CONFLICT', `something starts '${name}' again and again: another autoscaler, or a controller`, {
    hint: `omni events service ${name}`,
  })

/** As many replicas as the service wants; one that runs is only waited for. */
export async function startService(client: KubeClient, name: string, call: CallOptions = {}): Promise<Service> {
  const parts = await requireParts(client, name, call)
  const stoppedFrom = textMapAt(parts.service, 'metadata', 'annotations')[ANNOTATION.stopped]
  if (stoppedFrom !== undefined) {
    const before = stoppedFrom === DEFAULT_CLASS ? null : stoppedFrom
    await annotate(client, name, {[ANNOTATION.stopped]: null, [ANNOTATION.autoscaler]: before}, call)
    await awaitTemplates(client, name, call)
  }
  for (const {name: component, exists, desired, minReplicas = 1} of componentsOf(parts)) {
    if (!exists || desired > 0) continue
    await setReplicas(client, parts, {component, replicas: Math.max(1, minReplicas)}, {signal: call.signal})
  }
  return awaitReady(client, name, {...call, failureBefore: failureText(parts)})
}

/** Pods of templates that the operator is about to change would be exchanged at once. */
async function awaitTemplates(client: KubeClient, name: string, call: CallOptions): Promise<void> {
  const startedMs = Date.now()
  for await (const {deployments} of observe(client, name, call)) {
    const isNoted = deployments.some((one) => templateNote(one) !== undefined)
    if (!isNoted || Date.now() - startedMs > TEMPLATE_MS) return
    call.onProgress?.('waiting for the operator')
  }
}

const templateNote = (deployment: ApiObject): string | undefined =>
  textMapAt(deployment, 'spec', 'template', 'metadata', 'annotations')[ANNOTATION.stopped]

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
  const named = components
    .map((component) => component.name)
    .filter((one) => at(parts.service, 'spec', one) !== undefined)
  const patch = {
    spec: Object.fromEntries(named.map((one) => [one, {annotations: {[ANNOTATION.restartedAt]: stamp}}])),
  }
  const place = {kind: INFERENCE_SERVICE, namespace: client.namespace, name}
  await client.patch(place, patch, {type: 'merge', signal: call.signal})
  return awaitReady(client, name, {...call, failureBefore: failureText(parts), isReached: isStamped(stamp, named)})
}

/** Every pod that lives, of the components that were asked, was made after the restart was asked for. */
const isStamped =
  (stamp: string, components: readonly string[]) =>
  (parts: Parts): boolean =>
    components
      .flatMap((component) => podsOfComponent(parts, component))
      .every((pod) => textMapAt(pod, 'metadata', 'annotations')[ANNOTATION.restartedAt] === stamp)

const EXPLAIN_EVERY_MS = 10_000

/** Resolves when it is gone, and its pods with it; tells which finalizer it waits for. */
export async function removeService(client: KubeClient, name: string, call: CallOptions = {}): Promise<void> {
  const {signal, onProgress} = call
  await client.remove({kind: INFERENCE_SERVICE, namespace: client.namespace, name}, {signal})
  let toldMs = Date.now()
  for await (const {service, pods} of observe(client, name, {signal})) {
    if (service === undefined && pods.length === 0) return
    const finalizers = at(service, 'metadata', 'finalizers')
    if (service === undefined) onProgress?.(podsEnd(pods.length))
    else if (Array.isArray(finalizers) && finalizers.length > 0 && Date.now() - toldMs > EXPLAIN_EVERY_MS) {
      toldMs = Date.now()
      onProgress?.(
        `waits for the finalizer ${finalizers.join(', ')}: the operator takes it off. Does it run? omni cluster health`,
      )
    }
  }
}
