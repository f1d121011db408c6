import {type Collection, type ModelRuntime, OmniError, type RuntimeSpec} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {CLUSTER_SERVING_RUNTIME, getTwin, listTwins, type Notice, requireServed, SERVING_RUNTIME} from './kinds.ts'
import {removeObject} from './remove.ts'
import {runtimeManifest} from './runtime-manifest.ts'
import {runtimeOf} from './runtime-map.ts'
import {listScope} from './scope.ts'

export const RUNTIME_TWIN = {namespaced: SERVING_RUNTIME, clusterWide: CLUSTER_SERVING_RUNTIME}

/** Runtimes of the cluster and of one namespace. */
export const createRuntimes = (client: KubeClient, notice?: Notice): Collection<RuntimeSpec, ModelRuntime> => ({
  async list(options = {}) {
    return (await listTwins(client, RUNTIME_TWIN, {...listScope(client, options), notice}))
      .map(runtimeOf)
      .toSorted(byName)
  },
  async get(name, call) {
    const found = await getTwin(client, RUNTIME_TWIN, name, call)
    return found && runtimeOf(found.object)
  },
  async create(spec, call) {
    const kind = await requireServed(client, CLUSTER_SERVING_RUNTIME, call)
    return runtimeOf(await client.create(kind, runtimeManifest(spec, kind), call))
  },
  async update(name, spec, call) {
    const kind = await requireServed(client, CLUSTER_SERVING_RUNTIME, call)
    if ((await client.get({kind, name}, call)) === undefined) {
      throw new OmniError('NOT_FOUND', `there is no runtime '${name}'`, {hint: 'omni get runtimes'})
    }
    return runtimeOf(await client.apply(kind, runtimeManifest({...spec, name}, kind), {...call, force: true}))
  },
  async remove(name, options = {}) {
    const found = await getTwin(client, RUNTIME_TWIN, name, options)
    if (found === undefined) return
    await removeObject(client, found, options)
  },
})

const byName = (a: ModelRuntime, b: ModelRuntime): number =>
  a.name.localeCompare(b.name) || (a.namespace ?? '').localeCompare(b.namespace ?? '')
