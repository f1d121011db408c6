import {
  type Accelerator,
  type ApiObject,
  type CallOptions,
  type ClusterCapacity,
  isOmniError,
  type ServingSpec,
} from '@omni-cli/sdk'
import type {KubeClient} from '../../../client/kube-client.ts'
import {
  BASE_MODEL,
  CLUSTER_BASE_MODEL,
  CLUSTER_SERVING_RUNTIME,
  getTwin,
  listTwins,
  SERVING_RUNTIME,
} from '../../catalog/kinds.ts'

/** What serving asks other parts of this plugin. */
export interface ServingSources {
  /** Nodes and their free devices. */
  capacity(call: CallOptions): Promise<ClusterCapacity>
  accelerators(call: CallOptions): Promise<readonly Accelerator[]>
}

/** What there is for a service that is planned. */
export interface Surroundings {
  readonly model: ApiObject | undefined
  /** All that could serve; with a named one only those of that name. */
  readonly runtimes: readonly ApiObject[]
  /** Undefined: nobody may look, or nobody could say. */
  readonly capacity: ClusterCapacity | undefined
  readonly accelerators: readonly Accelerator[]
}

export const MODELS = {namespaced: BASE_MODEL, clusterWide: CLUSTER_BASE_MODEL}
export const RUNTIMES = {namespaced: SERVING_RUNTIME, clusterWide: CLUSTER_SERVING_RUNTIME}

/** Looks everything up at the same time. */
export async function lookAround(
  client: KubeClient,
  sources: ServingSources,
  {model, runtime}: Pick<ServingSpec, 'model' | 'runtime'>,
  {signal, onProgress: notice}: CallOptions,
): Promise<Surroundings> {
  const [found, runtimes, capacity, accelerators] = await Promise.all([
    getTwin(client, MODELS, model, {signal}),
    runtime === undefined
      ? listTwins(client, RUNTIMES, {namespace: client.namespace, whole: true, signal, notice})
      : namedRuntime(client, runtime, {signal}),
    // Who may deploy may still not look at nodes.
    unlessRefused(sources.capacity({signal})),
    unlessRefused(sources.accelerators({signal})),
  ])
  return {
    model: found && {...found.object, kind: found.kind.kind},
    runtimes,
    capacity,
    accelerators: accelerators ?? [],
  }
}

async function namedRuntime(client: KubeClient, name: string, call: CallOptions): Promise<ApiObject[]> {
  const found = await getTwin(client, RUNTIMES, name, call)
  return found === undefined ? [] : [{...found.object, kind: found.kind.kind}]
}

async function unlessRefused<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (isOmniError(error) && error.code === 'FORBIDDEN') return undefined
    throw error
  }
}
