import {aborted, type ServiceSpec, throwIfAborted} from '@omni-cli/sdk'
import type {PreparedRelease} from '../runtimes/runtime.ts'
import type {ControlContext} from './context.ts'
import {environmentOf} from './deploy/environment.ts'
import {Replica} from './replica.ts'
import type {ReplicaOptions, ReplicaPlan} from './replica-host.ts'

/** A release as replicas run it. */
export interface Version {
  readonly release: string
  readonly spec: ServiceSpec
  readonly env: Readonly<Record<string, string>>
  readonly prepare: () => Promise<PreparedRelease>
}

/** Version of a stored release; made ready at the first start and then remembered. */
export function versionOf(context: ControlContext, release: string, spec: ServiceSpec): Version {
  const env = environmentOf(spec, (name) => context.store.services.get(name))
  let prepared: Promise<PreparedRelease> | undefined
  const prepare = () => {
    prepared ??= prepareRelease(context, {release, spec, env}).catch((error) => {
      prepared = undefined
      throw error
    })
    return prepared
  }
  return {release, spec, env, prepare}
}

export interface PrepareOptions {
  readonly signal?: AbortSignal | undefined
  /** Fetch and build again although it was done before. */
  readonly isForced?: boolean | undefined
  readonly onOutput?: ((line: string) => void) | undefined
}

/** Unpacks and builds; cheap when that was done before. */
export async function prepareRelease(
  {runtime, artifacts, secrets}: Pick<ControlContext, 'runtime' | 'artifacts' | 'secrets'>,
  {release, spec, env: template}: Omit<Version, 'prepare'>,
  {isForced, ...options}: PrepareOptions = {},
): Promise<PreparedRelease> {
  const archive = spec.artifact === undefined ? undefined : await artifacts.find(spec.artifact)
  if (spec.artifact !== undefined && archive === undefined) {
    throw new Error(`the source archive ${spec.artifact} is not here; send it again`)
  }
  const env = secrets.resolve(template, spec.project)
  return runtime.prepare({service: spec.name, release, spec, archive, env, isForced}, options)
}

/** Adds a replica; it is not started yet. */
export function addReplica(
  context: ControlContext,
  version: Version,
  options: ReplicaOptions & {index: number},
): Replica {
  const {release, spec, env, prepare} = version
  const plan: ReplicaPlan = {service: spec.name, index: options.index, release, spec, env, prepare}
  const replica = new Replica(plan, context.host, options)
  context.fleet.add(replica)
  return replica
}

/** The lowest indexes that are not in use. */
export function freeIndexes(used: readonly number[], count: number): number[] {
  const taken = new Set(used)
  const free: number[] = []
  for (let index = 0; free.length < count; index++) if (!taken.has(index)) free.push(index)
  return free
}

/**
 * Takes replicas out of the table, lets their requests end, stops and forgets them. All at once; resolves when nothing
 * of them runs. One that cannot be stopped is shown as `stopping` and tried again later; the error is thrown when the
 * others are gone.
 */
export async function retire(context: ControlContext, replicas: readonly Replica[]): Promise<void> {
  if (replicas.length === 0) return
  const served = new Set(replicas.filter(({status}) => status === 'ready'))
  for (const replica of replicas) replica.beginStop()
  await context.edgeSync.publish().catch(() => context.edgeSync.publishSoon())
  const outcomes = await Promise.allSettled(
    replicas.map(async (replica) => {
      if (served.has(replica)) await drain(context, replica)
      await replica.stop()
      context.fleet.remove(replica)
    }),
  )
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed === undefined) return
  for (const service of new Set(replicas.map(({plan}) => plan.service))) context.mendSoon(service)
  throw failed.reason
}

async function drain({edge}: ControlContext, {instance, plan}: Replica): Promise<void> {
  const drainMs = (plan.spec.deploy?.drain_secs ?? 5) * 1000
  // A proxy that is away has no requests to wait for.
  if (instance?.address !== undefined) await edge.drained(instance.address, drainMs).catch(() => false)
}

/** Resolves when all are ready; rejects with the first failure, or ABORTED. */
export async function allReady(replicas: readonly Replica[], signal: AbortSignal): Promise<void> {
  throwIfAborted(signal)
  const {promise, reject} = Promise.withResolvers<never>()
  const abort = () => reject(aborted(signal))
  signal.addEventListener('abort', abort, {once: true})
  try {
    await Promise.race([Promise.all(replicas.map(({ready}) => ready)), promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** Groups of at most `size`, in order. */
export function waves<T>(items: readonly T[], size: number): T[][] {
  const groups: T[][] = []
  for (let at = 0; at < items.length; at += size) groups.push(items.slice(at, at + size))
  return groups
}
