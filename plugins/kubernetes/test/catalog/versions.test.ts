import {type ApiObject, type ObjectKind, OmniError} from '@omni-cli/sdk'
import {expect, it} from 'vitest'
import type {KubeClient} from '../../src/client/kube-client.ts'
import {BASE_MODEL, CLUSTER_BASE_MODEL, getTwin, listServed, listTwins} from '../../src/provider/catalog/kinds.ts'

const pine: ApiObject = {apiVersion: 'ome.io/v2', kind: 'ClusterBaseModel', metadata: {name: 'pine'}}
const TWIN = {namespaced: BASE_MODEL, clusterWide: CLUSTER_BASE_MODEL}

/** A server that has models of the cluster in one version alone. */
function serverWith(version: string | undefined): KubeClient {
  const isServed = (kind: ObjectKind) => kind.plural === 'clusterbasemodels' && kind.version === version
  const client: Partial<KubeClient> = {
    context: 'lab',
    findKind: async (word) =>
      word === 'clusterbasemodels.ome.io' && version !== undefined ? {...CLUSTER_BASE_MODEL, version} : undefined,
    list: async <T extends ApiObject>(kind: ObjectKind) => {
      if (!isServed(kind)) throw new OmniError('NOT_FOUND', 'the server could not find the requested resource')
      return [pine] as ApiObject[] as T[]
    },
    get: async <T extends ApiObject>({kind, name}: {kind: ObjectKind; name: string}) =>
      isServed(kind) && name === 'pine' ? (pine as T) : undefined,
  }
  return client as KubeClient
}

it.each(['v1beta1', 'v2'])('models are found in the version that is served: %s', async (version) => {
  const client = serverWith(version)

  expect(await listTwins(client, TWIN, {})).toEqual([pine])
  expect((await getTwin(client, TWIN, 'pine'))?.object).toEqual(pine)
  expect(await getTwin(client, TWIN, 'oak')).toBeUndefined()
})

it('without OME lists are undefined, and what needs it is UNSUPPORTED', async () => {
  const client = serverWith(undefined)

  expect(await listServed(client, CLUSTER_BASE_MODEL, {})).toBeUndefined()
  await expect(listTwins(client, TWIN, {})).rejects.toMatchObject({code: 'UNSUPPORTED'})
  await expect(getTwin(client, TWIN, 'pine')).rejects.toMatchObject({code: 'UNSUPPORTED'})
})

it('who may see only those of a namespace sees them, and is told what is left out', async () => {
  const own: ApiObject = {apiVersion: 'ome.io/v1beta1', kind: 'BaseModel', metadata: {name: 'own', namespace: 'ml'}}
  const may = ({namespaced}: ObjectKind) => {
    if (!namespaced) throw new OmniError('FORBIDDEN', 'no')
  }
  const client: Partial<KubeClient> = {
    context: 'lab',
    findKind: async () => CLUSTER_BASE_MODEL,
    async list<T extends ApiObject>(kind: ObjectKind) {
      may(kind)
      return [own] as ApiObject[] as T[]
    },
    async get<T extends ApiObject>({kind, name}: {kind: ObjectKind; name: string}) {
      may(kind)
      return name === 'own' ? (own as T) : undefined
    },
  }
  const notices: string[] = []

  const listed = await listTwins(client as KubeClient, TWIN, {notice: (text) => notices.push(text)})

  expect(listed).toEqual([own])
  expect(notices).toEqual(['clusterbasemodels are left out: this user may not list them'])
  expect((await getTwin(client as KubeClient, TWIN, 'own'))?.object).toEqual(own)
  await expect(getTwin(client as KubeClient, TWIN, 'oak')).rejects.toMatchObject({code: 'FORBIDDEN'})
})
