import {
  type CallOptions,
  formatDuration,
  OmniError,
  type RemoveOptions,
  type Service,
  throwIfAborted,
} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {awaitRollout} from './await-rollout.ts'
import {deployRelease, lostRecord, readFacts, render, requireSight} from './deploy.ts'
import {deployFailed} from './failure.ts'
import {KINDS, recordName, serviceLabels} from './names.ts'
import {applyObject, applyObjects, ownedObjects, removeObjects} from './objects.ts'
import {isComplete, type Sight, toService} from './observe.ts'
import {drainSeconds} from './pod.ts'
import {hasEnded} from './pod-state.ts'
import {type AppRecord, activeRelease, currentRelease, type ReleaseRecord, withRelease} from './record.ts'
import {isScheduled} from './schedules.ts'
import {readSight, writeRecord} from './store.ts'
import {watchApp} from './watch.ts'
import type {DeploymentObject} from './wire.ts'

interface Deployed {
  readonly sight: Sight
  readonly record: AppRecord
  readonly release: ReleaseRecord
}

/** NOT_FOUND, or CONFLICT when no version of it was ever ready. */
async function requireDeployed(client: KubeClient, name: string, call: CallOptions): Promise<Deployed> {
  throwIfAborted(call.signal)
  const sight = await requireSight(client, name, call)
  const {record} = sight
  if (record === undefined) throw lostRecord(name)
  const release = activeRelease(record)
  if (release !== undefined) return {sight, record, release}
  throw new OmniError('CONFLICT', `no release of '${name}' has ever been ready`, {hint: `omni releases ${name}`})
}

const look = async (client: KubeClient, name: string, call: CallOptions): Promise<Service> =>
  toService(await requireSight(client, name, call))

/** As many as it had; nothing happens to one that runs as it should. */
export async function startApp(client: KubeClient, name: string, call: CallOptions = {}): Promise<Service> {
  const {sight, record, release} = await requireDeployed(client, name, call)
  const isRunning = isScheduled(release.spec) || isComplete(sight.deployment)
  if (!record.isStopped && isRunning) return toService(sight)
  const wanted = toService(sight).desiredReplicas
  const facts = await readFacts(client, release.spec, call)
  const manifests = render(release, facts, wanted)
  const started = await writeRecord(client, {...record, isStopped: false}, call)
  await applyObjects(client, manifests.before, call)
  const [workload] = manifests.workload
  if (workload?.kind === 'Deployment') {
    const applied = await applyObject<DeploymentObject>(client, workload, call)
    await requireReady(client, started, {release, generation: applied.metadata.generation ?? 0}, call)
  } else await applyObjects(client, manifests.workload, call)
  await applyObjects(client, manifests.after, call)
  return look(client, name, call)
}

async function requireReady(
  client: KubeClient,
  {service, namespace}: AppRecord,
  target: {readonly release: ReleaseRecord; readonly generation: number},
  call: CallOptions,
): Promise<void> {
  const failure = await awaitRollout(client, {namespace, name: service, ...target}, call)
  if (failure !== undefined) throw deployFailed(service, failure)
}

/** No replicas, and it stays so; how many there were is remembered. Resolves when the last one is gone. */
export async function stopApp(client: KubeClient, name: string, call: CallOptions = {}): Promise<Service> {
  throwIfAborted(call.signal)
  const sight = await requireSight(client, name, call)
  const {record} = sight
  if (record === undefined) throw lostRecord(name)
  const {replicas} = toService(sight).spec
  const release = currentRelease(record)
  const remembered = withRelease(record, {...release, spec: {...release.spec, replicas}})
  if (!record.isStopped) await writeRecord(client, {...remembered, isStopped: true}, call)
  if (isScheduled(release.spec)) await suspend(client, release, call)
  else if (sight.deployment !== undefined) await setReplicas(client, name, 0, call)
  await awaitGone(client, release, call)
  return look(client, name, call)
}

/** Also ends what runs now. */
async function suspend(client: KubeClient, release: ReleaseRecord, call: CallOptions): Promise<void> {
  const facts = await readFacts(client, release.spec, call)
  const {workload} = render(release, facts, 0)
  await applyObjects(
    client,
    workload.map((job) => ({...job, spec: {...(job.spec as object), suspend: true}})),
    call,
  )
}

const setReplicas = (client: KubeClient, name: string, replicas: number, {signal}: CallOptions) =>
  client.patch<DeploymentObject>(
    {kind: KINDS.deployment, namespace: client.namespace, name},
    {spec: {replicas}},
    {type: 'merge', signal},
  )

/** Beyond the time that a replica has to end. */
const LEAVE_MS = 120_000

async function awaitGone(client: KubeClient, {spec}: ReleaseRecord, {signal, onProgress}: CallOptions): Promise<void> {
  const timeoutMs = (drainSeconds(spec) + spec.stop_grace_secs) * 1000 + LEAVE_MS
  const until = Date.now() + timeoutMs
  const {name} = spec
  await watchApp(client, {namespace: client.namespace, name, signal}, ({pods}) => {
    const left = pods.filter((pod) => !hasEnded(pod))
    if (left.length === 0) return {done: undefined}
    onProgress?.(`${left.length} of its replicas still end`)
    if (Date.now() < until) return {lookAgainMs: until - Date.now()}
    throw new OmniError(
      'TIMEOUT',
      `${left.length} replicas of '${name}' have not ended in ${formatDuration(timeoutMs)}`,
      {
        hint: `omni status service ${name}`,
      },
    )
  })
}

/** Other pods of the same release, by the rules of its deploys; one that is stopped is started. */
export async function restartApp(client: KubeClient, name: string, call: CallOptions = {}): Promise<Service> {
  const {sight, record, release} = await requireDeployed(client, name, call)
  if (record.isStopped || sight.deployment === undefined) return startApp(client, name, call)
  if (isScheduled(release.spec)) {
    throw new OmniError('CONFLICT', `'${name}' is run by its cron triggers; it has no standing replicas`)
  }
  const facts = await readFacts(client, release.spec, call)
  const {spec} = toService(sight)
  const again = {...release, spec, restartedAt: new Date().toISOString()}
  return deployRelease(client, {sight, record, release: again, facts}, call)
}

/** A number that was set by hand stays until a file says another one. */
export async function scaleApp(
  client: KubeClient,
  name: string,
  replicas: number,
  call: CallOptions = {},
): Promise<Service> {
  throwIfAborted(call.signal)
  const sight = await requireSight(client, name, call)
  const {record} = sight
  if (record === undefined) throw lostRecord(name)
  const release = currentRelease(record)
  refuseScaling(release, replicas)
  const remembered = withRelease(record, {...release, spec: {...release.spec, replicas}})
  const before = sight.deployment?.spec.replicas
  if (record.isStopped) await writeRecord(client, remembered, call)
  if (record.isStopped) return look(client, name, call)
  const {release: active} = await requireDeployed(client, name, call)
  if (before === undefined) return startApp(client, name, call)
  const {metadata} = await setReplicas(client, name, replicas, call)
  const target = {namespace: record.namespace, name, release: active, generation: metadata.generation ?? 0}
  const failure = await awaitRollout(client, target, call).catch(async (error: unknown) => {
    await setReplicas(client, name, before, {})
    throw error
  })
  if (failure !== undefined) {
    await setReplicas(client, name, before, call)
    throw deployFailed(name, failure)
  }
  if (release.spec.replicas !== replicas) await writeRecord(client, remembered, call)
  return look(client, name, call)
}

/** Somebody else decides about the number, or it cannot be had. */
function refuseScaling({spec}: ReleaseRecord, replicas: number): void {
  const why = isScheduled(spec)
    ? 'is run by its cron triggers; it has no standing replicas'
    : spec.replicas === 'auto'
      ? 'has replicas = "auto": its load decides'
      : spec.volume !== undefined && replicas > 1
        ? 'has a volume, and runs once'
        : undefined
  if (why === undefined) return
  throw new OmniError('CONFLICT', `'${spec.name}' ${why}`, {hint: `omni describe service ${spec.name}`})
}

/** All of it but its data, which go with `purge`. Resolves when the last replica is gone; an absent one is no error. */
export async function removeApp(client: KubeClient, name: string, options: RemoveOptions = {}): Promise<void> {
  const {purge = false, ...call} = options
  throwIfAborted(call.signal)
  const [sight, owned] = await Promise.all([readSight(client, name, call), ownedObjects(client, name, call)])
  await removeObjects(client, owned, call)
  if (sight !== undefined) await awaitGone(client, releaseOf(sight), call)
  const {namespace} = client
  await client.remove({kind: KINDS.secret, namespace, name: recordName(name)}, {signal: call.signal})
  if (!purge) return
  const claims = await client.list(KINDS.claim, {namespace, labels: serviceLabels(name), signal: call.signal})
  await Promise.all(
    claims.map(({metadata}) =>
      client.remove({kind: KINDS.claim, namespace, name: metadata.name}, {signal: call.signal}),
    ),
  )
}

function releaseOf(sight: Sight): ReleaseRecord {
  if (sight.record !== undefined) return currentRelease(sight.record)
  const {spec} = toService(sight)
  return {id: 'r0', spec, status: 'active', createdAt: '', reason: ''}
}
