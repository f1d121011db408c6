import {isDeepStrictEqual} from 'node:util'
import {
  type CallOptions,
  isAbort,
  messageOf,
  OmniError,
  type Service,
  type ServiceFailure,
  type ServiceSpec,
  throwIfAborted,
} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {awaitRollout, isReplaced} from './await-rollout.ts'
import {replicasOf} from './deployment.ts'
import {environmentOf} from './environment.ts'
import type {AppFacts} from './facts.ts'
import {deployFailed} from './failure.ts'
import {gatherFacts} from './gather-facts.ts'
import {type AppManifests, manifestsOf} from './manifests.ts'
import {applyObject, applyObjects, checkObjects, removeStale} from './objects.ts'
import {imageOf, isComplete, type Sight, toService} from './observe.ts'
import {podTemplate, type Version} from './pod.ts'
import {putBack} from './put-back.ts'
import {
  type AppRecord,
  activeRelease,
  nextId,
  type ReleaseRecord,
  withActive,
  withoutDeploying,
  withRelease,
} from './record.ts'
import {refuse} from './refusals.ts'
import {isScheduled} from './schedules.ts'
import {createRecord, readSight, writeRecord} from './store.ts'
import type {DeploymentObject} from './wire.ts'

export interface DeployOptions extends CallOptions {
  /** Why: `deploy`, `rollback to r3`. */
  readonly reason: string
  readonly actor: string | undefined
}

/** A new application. CONFLICT when there is one of that name, or something else has a name that it needs. */
export async function createApp(client: KubeClient, spec: ServiceSpec, options: DeployOptions): Promise<Service> {
  throwIfAborted(options.signal)
  const facts = await readFacts(client, spec, options)
  const release = newRelease('r1', spec, options)
  const now = release.createdAt
  const draft = {service: spec.name, namespace: client.namespace, createdAt: now, updatedAt: now, isStopped: false}
  const record: AppRecord = {...draft, releases: [release]}
  const manifests = render(release, facts, replicasOf(spec, undefined))
  // Of two at once the second one must not be told about objects of the first one.
  const sight = await readSight(client, spec.name, options)
  if (sight !== undefined) throw exists(spec.name)
  await checkObjects(client, spec.name, manifests, options)
  const created = await createRecord(client, record, options)
  return rollOut(client, {record: created, release, manifests, live: undefined, facts}, options)
}

/** Another version of an application, or the same with what needs no other pods. NOT_FOUND when there is none. */
export async function updateApp(
  client: KubeClient,
  name: string,
  spec: ServiceSpec,
  options: DeployOptions,
): Promise<Service> {
  throwIfAborted(options.signal)
  const sight = await requireSight(client, name, options)
  const {record} = sight
  if (record === undefined) throw lostRecord(name)
  const facts = await readFacts(client, spec, options)
  const kept = sameVersion(sight, spec, facts)
  if (kept !== undefined) return adjust(client, {sight, record, release: {...kept, spec}, facts}, options)
  const release = newRelease(nextId(record), spec, options)
  return deployRelease(client, {sight, record, release, facts}, options)
}

export interface Deploy {
  readonly sight: Sight
  readonly record: AppRecord
  readonly release: ReleaseRecord
  readonly facts: AppFacts
}

/** A release of an application that exists: a new one, or one whose pods are made anew. */
export async function deployRelease(
  client: KubeClient,
  {sight, record, release, facts}: Deploy,
  call: CallOptions,
): Promise<Service> {
  const replicas = replicasOf(release.spec, sight.deployment?.spec.replicas)
  const manifests = render(release, facts, replicas)
  await checkObjects(client, sight.name, manifests, call)
  const begun = {...withRelease(withoutDeploying(record), release), isStopped: false}
  const written = await writeRecord(client, begun, call)
  return rollOut(client, {record: written, release, manifests, live: sight.deployment, facts}, call)
}

export async function readFacts(client: KubeClient, spec: ServiceSpec, call: CallOptions): Promise<AppFacts> {
  const facts = await gatherFacts(client, spec, call)
  refuse(spec, facts)
  return facts
}

export async function requireSight(client: KubeClient, name: string, call: CallOptions): Promise<Sight> {
  const sight = await readSight(client, name, call)
  if (sight !== undefined) return sight
  throw new OmniError('NOT_FOUND', `there is no service '${name}' in namespace '${client.namespace}'`, {
    hint: 'omni get services',
  })
}

export const lostRecord = (name: string): OmniError =>
  new OmniError('CONFLICT', `the record of '${name}' (Secret omni-${name}) is lost or not for you to see`, {
    hint: `omni delete service ${name}, then deploy it again`,
  })

const exists = (name: string): OmniError =>
  new OmniError('CONFLICT', `service '${name}' exists already`, {hint: `omni deploy ${name}`})

const newRelease = (id: string, spec: ServiceSpec, {reason, actor}: DeployOptions): ReleaseRecord => ({
  ...{id, spec, status: 'deploying', createdAt: new Date().toISOString(), reason},
  ...(actor === undefined ? {} : {actor}),
})

export function versionOf({id, spec, restartedAt}: ReleaseRecord, facts: AppFacts): Version {
  return {spec, release: id, restartedAt, environment: environmentOf(spec, id, facts.dependencies)}
}

export const render = (release: ReleaseRecord, facts: AppFacts, replicas: number): AppManifests =>
  manifestsOf(versionOf(release, facts), facts, {replicas, isStopped: false})

/** The release that serves, when the spec needs no other pods than it has. */
function sameVersion({record, deployment}: Sight, spec: ServiceSpec, facts: AppFacts): ReleaseRecord | undefined {
  const active = record === undefined ? undefined : activeRelease(record)
  if (record === undefined || active === undefined || record.isStopped) return undefined
  if (record.releases.at(-1)?.status === 'deploying') return undefined
  if (isScheduled(spec) !== isScheduled(active.spec)) return undefined
  if (!isScheduled(spec) && imageOf(deployment) !== spec.image) return undefined
  const [before, after] = [versionOf(active, facts), versionOf({...active, spec}, facts)]
  const isSame =
    isDeepStrictEqual(podTemplate(before, facts), podTemplate(after, facts)) &&
    isDeepStrictEqual(before.environment.secret, after.environment.secret)
  return isSame ? active : undefined
}

/** Replicas, names, labels, autoscaling: what changes no pod. Nothing at all when nothing differs. */
async function adjust(
  client: KubeClient,
  {sight, record, release, facts}: Deploy,
  call: CallOptions,
): Promise<Service> {
  const before = activeRelease(record)
  const desired = replicasOf(release.spec, sight.deployment?.spec.replicas)
  const isSameSpec = before !== undefined && isDeepStrictEqual(plain(before.spec), plain(release.spec))
  const isWhole = isScheduled(release.spec) || isComplete(sight.deployment)
  if (isSameSpec && isWhole && (isScheduled(release.spec) || sight.deployment?.spec.replicas === desired)) {
    return toService(sight)
  }
  const manifests = render(release, facts, desired)
  await checkObjects(client, sight.name, manifests, call)
  await carryOut(client, {record, release, manifests}, call)
  await writeRecord(client, withRelease(record, release), call)
  return toService(await requireSight(client, sight.name, call))
}

const plain = (spec: ServiceSpec): unknown => JSON.parse(JSON.stringify(spec))

interface Rollout {
  readonly record: AppRecord
  readonly release: ReleaseRecord
  readonly manifests: AppManifests
}

/** From the record that says what is tried to the one that says how it went; the version before serves on when it failed. */
async function rollOut(
  client: KubeClient,
  rollout: Rollout & {readonly live: DeploymentObject | undefined; readonly facts: AppFacts},
  call: CallOptions,
): Promise<Service> {
  const {record, release} = rollout
  try {
    await carryOut(client, rollout, call)
    await writeRecord(client, withActive(record, release.id), call)
  } catch (error) {
    if (isReplaced(error)) throw error
    // What was begun is undone, also after Ctrl-C; the way back has no signal.
    await putBack(client, rollout, call.onProgress)
    const failure = failureFor(error)
    const isNew = activeRelease(record)?.id !== release.id
    const failed = isNew ? withRelease(record, {...release, status: 'failed', failure}) : record
    await writeRecord(client, failed).catch(() => undefined)
    throw error
  }
  return toService(await requireSight(client, release.spec.name, call))
}

/** Makes the objects, and waits for the pods; DEPLOY_FAILED. What no version names any more is removed. */
async function carryOut(client: KubeClient, {release, manifests}: Rollout, call: CallOptions): Promise<void> {
  const {name} = release.spec
  throwIfAborted(call.signal)
  await applyObjects(client, manifests.before, call)
  const [workload, ...more] = manifests.workload
  if (workload?.kind !== 'Deployment') await applyObjects(client, manifests.workload, call)
  else {
    if (more.length > 0) throw new Error('an application has one Deployment')
    const {metadata} = await applyObject<DeploymentObject>(client, workload, call)
    const target = {namespace: client.namespace, name, release, generation: metadata.generation ?? 0}
    const failure = await awaitRollout(client, target, call)
    if (failure !== undefined) throw deployFailed(name, failure)
  }
  await applyObjects(client, manifests.after, call)
  await removeStale(client, name, manifests, call)
}

function failureFor(error: unknown): ServiceFailure {
  const details = error instanceof OmniError && error.code === 'DEPLOY_FAILED' ? error.details : undefined
  // Our own.
  if (details !== undefined) return details as ServiceFailure
  const reason = isAbort(error) ? 'Interrupted' : 'StartFailed'
  const message = isAbort(error) ? 'the deploy was interrupted' : messageOf(error)
  return {reason, message, restarts: 0, at: new Date().toISOString(), lastLines: []}
}
