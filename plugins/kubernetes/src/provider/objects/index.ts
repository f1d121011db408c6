import type {DriverContext, ObjectApi} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import type {KubernetesSettings} from '../../config.ts'
import {checkCluster} from '../check.ts'
import {applyObject} from './apply.ts'
import {findKind, kindOf} from './kinds.ts'
import {listTable} from './named-table.ts'
import {planObjects} from './plan.ts'
import {removeObject} from './remove.ts'
import {watchRows} from './watch.ts'

export interface Surroundings {
  readonly context: DriverContext
  readonly settings: KubernetesSettings
}

/** Any object of the API. What only rare verbs need is imported when it is asked for. */
export const createObjects = (client: KubeClient, {context}: Surroundings): ObjectApi => ({
  name: 'kubernetes',
  namespace: client.namespace,
  check: (options) => checkCluster(client, options),
  kinds: (options) => client.kinds(options),
  findKind: (word, options) => findKind(client, word, options),
  schema: async (word, options) => (await import('./kind-schema.ts')).kindSchema(client, word, options),
  list: (kind, options) => listTable(client, kind, options),
  watch: (kind, options) => watchRows(client, kind, options),
  get: async ({apiVersion, kind, namespace, name}, options) =>
    client.get({kind: await kindOf(client, {apiVersion, kind}, options), namespace, name}, options),
  problems: async (objects, options) =>
    (await import('./problems/index.ts')).objectProblems({client, home: context.home}, objects, options),
  plan: (objects, options) => planObjects(client, objects, options),
  apply: (object, options) => applyObject(client, object, options),
  remove: (ref, options) => removeObject(client, ref, options),
  dependants: async (refs, options) => (await import('./dependants.ts')).dependantsOf(client, refs, options),
  exported: async (object, options) =>
    (await import('./exported.ts')).exportedObject({client, home: context.home}, object, options),
})
