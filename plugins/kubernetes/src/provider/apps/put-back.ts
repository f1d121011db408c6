import type {ApiObject, CallOptions} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {awaitRollout} from './await-rollout.ts'
import {deployment, withTemplate} from './deployment.ts'
import {environmentOf} from './environment.ts'
import type {AppFacts} from './facts.ts'
import {envSecretName, KINDS, RELEASE_LABEL, RESTART_ANNOTATION, selectorOf} from './names.ts'
import {applyObject, removeDeployment} from './objects.ts'
import {livePods} from './observe.ts'
import {type AppRecord, activeRelease, type ReleaseRecord} from './record.ts'
import {isScheduled} from './schedules.ts'
import {watchApp} from './watch.ts'
import type {DeploymentObject} from './wire.ts'

export interface Failed {
  readonly record: AppRecord
  readonly release: ReleaseRecord
  /** The Deployment as it was before. */
  readonly live: DeploymentObject | undefined
  readonly facts: AppFacts
}

/** Broken pods may take this long to be seen gone. */
const LEAVE_MS = 30_000

/**
 * Makes the Deployment what it was: the version that serves, with the very template that it had, so that its pods stay. Without one
 * nothing of it stays. What goes wrong here is not told: why the deploy failed is.
 */
export async function putBack(
  client: KubeClient,
  failed: Failed,
  onProgress: CallOptions['onProgress'],
): Promise<void> {
  const {record, release, live, facts} = failed
  const active = activeRelease(record)
  const {name} = release.spec
  try {
    if (active === undefined || isScheduled(active.spec)) {
      onProgress?.('removing what did not become ready')
      await removeDeployment(client, name, {})
      await awaitLeft(client, record)
    } else {
      onProgress?.(`going back to ${active.id}`)
      const template = (await servingTemplate(client, active, live)) ?? rendered(active, facts)
      const replicas = live?.spec.replicas ?? (active.spec.replicas === 'auto' ? 1 : active.spec.replicas)
      const object = withTemplate(active.spec, template, {namespace: record.namespace, replicas})
      const {metadata} = await applyObject<DeploymentObject>(client, object, {})
      const restartedAt = annotationOf(template)
      const target = {namespace: record.namespace, name, generation: metadata.generation ?? 0}
      await awaitRollout(client, {...target, release: {id: active.id, spec: active.spec, restartedAt}}, {})
    }
    if (active?.id === release.id) return
    const secret = {kind: KINDS.secret, namespace: record.namespace, name: envSecretName(name, release.id)}
    await client.remove(secret)
  } catch {
    // The failure that led here says more.
  }
}

/** The template of the release that serves: of the Deployment as it was, else of a ReplicaSet that is kept. */
async function servingTemplate(
  client: KubeClient,
  active: ReleaseRecord,
  live: DeploymentObject | undefined,
): Promise<unknown> {
  if (live?.spec.template.metadata?.labels?.[RELEASE_LABEL] === active.id) return live.spec.template
  const kind = {...KINDS.deployment, kind: 'ReplicaSet', plural: 'replicasets', singular: 'replicaset'}
  const labels = {...selectorOf(active.spec.name), [RELEASE_LABEL]: active.id}
  const [set] = await client.list<DeploymentObject>(kind, {namespace: client.namespace, labels})
  if (set === undefined) return undefined
  const {metadata, ...rest} = set.spec.template
  const {'pod-template-hash': _, ...own} = metadata?.labels ?? {}
  return {...rest, metadata: {...metadata, labels: own}}
}

function rendered(active: ReleaseRecord, facts: AppFacts): unknown {
  const {id, spec, restartedAt} = active
  const version = {spec, release: id, restartedAt, environment: environmentOf(spec, id, facts.dependencies)}
  const object: ApiObject = deployment(version, facts, 1)
  return typeof object.spec === 'object' && object.spec !== null && 'template' in object.spec
    ? object.spec.template
    : undefined
}

function annotationOf(template: unknown): string | undefined {
  // A template of a Deployment, ours or the server's.
  const {metadata} = (template ?? {}) as DeploymentObject['spec']['template']
  return metadata?.annotations?.[RESTART_ANNOTATION]
}

async function awaitLeft(client: KubeClient, {namespace, service}: AppRecord): Promise<void> {
  const until = Date.now() + LEAVE_MS
  await watchApp(client, {namespace, name: service, signal: undefined}, ({pods}) => {
    const isGone = livePods(pods).length === 0 || Date.now() >= until
    return isGone ? {done: undefined} : {lookAgainMs: until - Date.now()}
  })
}
