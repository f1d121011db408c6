import {type Collection, type Model, type ModelSpec, type ObjectKind, OmniError} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {BASE_MODEL, CLUSTER_BASE_MODEL, getTwin, listTwins, type Notice, requireServed} from './kinds.ts'
import {checkSource, modelManifest} from './model-manifest.ts'
import {configurationOf, modelOf} from './model-map.ts'
import {agentAnswers} from './model-nodes.ts'
import {removeObject} from './remove.ts'
import {listScope} from './scope.ts'

const TWIN = {namespaced: BASE_MODEL, clusterWide: CLUSTER_BASE_MODEL}

/** What the finalizer of models waits for. */
const HANGING =
  'the operator waits until every node has let go of the files; it does not go on while an agent or node is down'

/** Models of the cluster and of one namespace. */
export function createModels(client: KubeClient, notice?: Notice): Collection<ModelSpec, Model> {
  const kindOf = ({namespace}: ModelSpec, call: {signal?: AbortSignal | undefined}): Promise<ObjectKind> =>
    requireServed(client, namespace === undefined ? CLUSTER_BASE_MODEL : BASE_MODEL, call)
  return {
    async list(options = {}) {
      return (await listTwins(client, TWIN, {...listScope(client, options), notice})).map(modelOf).toSorted(byName)
    },
    async get(name, call = {}) {
      const found = await getTwin(client, TWIN, name, call)
      if (found === undefined) return undefined
      const {object} = found
      const answers = await agentAnswers(client, object, call)
      const configuration = configurationOf(object) ?? answers?.configuration
      return {...modelOf(object), nodes: answers?.nodes, configuration}
    },
    async create(spec, call = {}) {
      const remark = checkSource(spec.source)
      if (remark !== undefined) call.onProgress?.(remark)
      const kind = await kindOf(spec, call)
      return modelOf(await client.create(kind, modelManifest(spec, kind), call))
    },
    async update(name, spec, call = {}) {
      checkSource(spec.source)
      const kind = await kindOf(spec, call)
      const before = await client.get({kind, name, namespace: spec.namespace}, call)
      if (before === undefined)
        throw new OmniError('NOT_FOUND', `there is no model '${name}'`, {hint: 'omni get models'})
      const known = modelOf(before)
      const moved = known.source !== spec.source || (spec.path !== undefined && known.path !== spec.path)
      if (moved) {
        call.onProgress?.(
          `another source or path starts no download: delete model '${name}' and create it again to fetch it`,
        )
      }
      const manifest = modelManifest({...spec, name, path: spec.path ?? known.path}, kind)
      return modelOf(await client.apply(kind, manifest, {...call, force: true}))
    },
    async remove(name, options = {}) {
      const found = await getTwin(client, TWIN, name, options)
      if (found === undefined) return
      await removeObject(client, found, {...options, hanging: HANGING})
    },
  }
}

const byName = (a: Model, b: Model): number =>
  a.name.localeCompare(b.name) || (a.namespace ?? '').localeCompare(b.namespace ?? '')
