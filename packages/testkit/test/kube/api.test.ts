import {expect, test} from 'vitest'
import {callKube, watchKube} from '../../src/kube/kube-http.ts'
import {omeCrds} from '../../src/kube/ome/crds.ts'
import {eventually, type Lab, onEachServer, useServer} from './servers.ts'

const configMap = (name: string, data: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {name, labels: {app: name}},
  data,
})
const deployment = (name: string, spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {name},
  spec: {
    replicas: 0,
    selector: {matchLabels: {app: name}},
    template: {
      metadata: {labels: {app: name}},
      spec: {containers: [{name: 'main', image: 'omni-test/app:1', ports: [{containerPort: 8080}]}]},
    },
    ...spec,
  },
})

function answersToMistakes(at: Lab): void {
  test('what is not there is 404 in the words of an API server', async () => {
    const object = await at.server.call('GET', `${at.deployments}/nope`)
    expect([object.code, object.body]).toMatchObject([
      404,
      {
        kind: 'Status',
        status: 'Failure',
        reason: 'NotFound',
        message: 'deployments.apps "nope" not found',
        details: {name: 'nope', group: 'apps', kind: 'deployments'},
        code: 404,
      },
    ])
    const resource = await at.server.call('GET', `/apis/apps/v1/namespaces/${at.server.namespace}/nope`)
    expect([resource.code, resource.body.message]).toEqual([404, 'the server could not find the requested resource'])
    expect(await at.server.call('GET', '/apis/nope.io/v1/things')).toMatchObject({
      code: 404,
      body: '404 page not found\n',
    })
    const nowhere = await at.create('/api/v1/namespaces/nowhere-at-all/configmaps', configMap('a'))
    expect([nowhere.code, nowhere.body.message]).toEqual([404, 'namespaces "nowhere-at-all" not found'])
  })

  test('a name that is taken is 409, a wrong one 422', async () => {
    await at.create(at.maps, configMap('twice'))
    const again = await at.create(at.maps, configMap('twice'))
    expect([again.code, again.body]).toMatchObject([
      409,
      {
        reason: 'AlreadyExists',
        message: 'configmaps "twice" already exists',
        details: {name: 'twice', kind: 'configmaps'},
      },
    ])
    const wrong = await at.create(at.maps, configMap('Not_a_name'))
    expect([wrong.code, wrong.body.reason, wrong.body.message]).toEqual([
      422,
      'Invalid',
      expect.stringMatching(
        /^ConfigMap "Not_a_name" is invalid: metadata.name: Invalid value: "Not_a_name": a lowercase RFC 1123 subdomain/,
      ),
    ])
  })

  test('a deployment without its parts is 422 with a cause for each', async () => {
    const {code, body} = await at.create(at.deployments, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {name: 'x'},
      spec: {},
    })
    expect(code).toBe(422)
    expect(body.message).toMatch(/^Deployment.apps "x" is invalid: \[spec.selector: Required value/)
    expect(body.details.causes.map(({field}: {field: string}) => field)).toEqual(
      expect.arrayContaining(['spec.selector', 'spec.template.metadata.labels', 'spec.template.spec.containers']),
    )
  })

  test('bodies that are no object, or one of another place, are 400', async () => {
    const broken = await at.server.call('POST', at.maps, {body: '{'})
    expect([broken.code, broken.body.message]).toEqual([400, expect.stringContaining('must be of type ConfigMap')])
    const elsewhere = await at.create(at.maps, {...configMap('a'), metadata: {name: 'a', namespace: 'default'}})
    expect([elsewhere.code, elsewhere.body.message]).toEqual([
      400,
      'the namespace of the provided object does not match the namespace sent on the request',
    ])
  })
}

function access(at: Lab): void {
  test('who may do nothing gets 403, who is unknown 401', async () => {
    const {code, body} = await callKube(at.server.viewer, 'GET', `/api/v1/namespaces/${at.server.namespace}/pods`)
    expect([code, body.reason, body.message]).toEqual([
      403,
      'Forbidden',
      `pods is forbidden: User "viewer" cannot list resource "pods" in API group "" in the namespace "${at.server.namespace}"`,
    ])
    const node = await callKube(at.server.viewer, 'GET', '/api/v1/nodes/x')
    expect(node.body.message).toBe(
      'nodes "x" is forbidden: User "viewer" cannot get resource "nodes" in API group "" at the cluster scope',
    )
    const unknown = await callKube({...at.server.access, token: 'wrong'}, 'GET', '/api/v1/nodes')
    expect([unknown.code, unknown.body.message]).toEqual([401, 'Unauthorized'])
    const asked = await callKube(at.server.viewer, 'POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      body: {spec: {resourceAttributes: {verb: 'create', resource: 'pods', namespace: at.server.namespace}}},
    })
    expect([asked.code, asked.body.status.allowed]).toEqual([201, false])
  })

  test('a dry run answers as if, and keeps nothing', async () => {
    const {code, body} = await at.create(at.maps, configMap('dry'), '?dryRun=All')
    expect([code, body.metadata.uid]).toEqual([201, expect.any(String)])
    expect((await at.server.call('GET', `${at.maps}/dry`)).code).toBe(404)
  })
}

function writes(at: Lab): void {
  test('a write against an old version is a conflict; one that changes nothing keeps the version', async () => {
    const {body: first} = await at.create(at.maps, configMap('versions', {a: '1'}))
    const {body: same} = await at.server.call('PUT', `${at.maps}/versions`, {body: first})
    expect(same.metadata.resourceVersion).toBe(first.metadata.resourceVersion)
    const {body: second} = await at.server.call('PUT', `${at.maps}/versions`, {body: {...first, data: {a: '2'}}})
    expect(second.metadata.resourceVersion).not.toBe(first.metadata.resourceVersion)
    const {code, body} = await at.server.call('PUT', `${at.maps}/versions`, {body: {...first, data: {a: '3'}}})
    expect([code, body.message]).toEqual([
      409,
      'Operation cannot be fulfilled on configmaps "versions": the object has been modified; please apply your changes to the latest version and try again',
    ])
  })

  test('patches: merge, json and strategic', async () => {
    await at.create(at.deployments, deployment('patched'))
    const patch = (body: unknown, type: string) =>
      at.server.call('PATCH', `${at.deployments}/patched`, {body, type: `application/${type}+json`})
    const merged = await patch({metadata: {labels: {a: 'b'}}, spec: {paused: true}}, 'merge-patch')
    expect([merged.code, merged.body.metadata.labels, merged.body.spec.paused]).toEqual([200, {a: 'b'}, true])
    const removed = await patch([{op: 'remove', path: '/metadata/labels/a'}], 'json-patch')
    expect([removed.code, removed.body.metadata.labels]).toEqual([200, undefined])
    const more = {containers: [{name: 'side', image: 'omni-test/busybox:1'}]}
    const both = await patch({spec: {template: {spec: more}}}, 'strategic-merge-patch')
    expect(both.body.spec.template.spec.containers.map(({name}: {name: string}) => name).sort()).toEqual([
      'main',
      'side',
    ])
    expect(both.body.metadata.generation).toBe(3)
  })

  test('lists come in pages, by labels and fields, and their items do not say their kind', async () => {
    for (const name of ['p1', 'p2', 'p3'])
      await at.create(at.maps, {...configMap(name), metadata: {name, labels: {page: 'yes'}}})
    const first = await at.server.call('GET', `${at.maps}?labelSelector=page%3Dyes&limit=2`)
    expect(first.body).toMatchObject({kind: 'ConfigMapList', apiVersion: 'v1'})
    expect(first.body.items.map(({metadata}: {metadata: {name: string}}) => metadata.name)).toEqual(['p1', 'p2'])
    expect(first.body.items[0].kind).toBeUndefined()
    const next = await at.server.call(
      'GET',
      `${at.maps}?labelSelector=page%3Dyes&limit=2&continue=${first.body.metadata.continue}`,
    )
    expect(next.body.items.map(({metadata}: {metadata: {name: string}}) => metadata.name)).toEqual(['p3'])
    expect(next.body.metadata.continue).toBeUndefined()
    const one = await at.server.call('GET', `${at.maps}?fieldSelector=metadata.name%3Dp2`)
    expect(one.body.items).toHaveLength(1)
    const among = await at.server.call(
      'GET',
      `${at.maps}?labelSelector=${encodeURIComponent('page in (yes,no),page!=no')}`,
    )
    expect(among.body.items).toHaveLength(3)
  })
}

function reads(at: Lab): void {
  test('tables have the printer columns of the kind', async () => {
    const {body} = await at.server.call('GET', `${at.maps}?labelSelector=app%3Dnone`, {
      accept: 'application/json;as=Table;g=meta.k8s.io;v=v1',
    })
    expect(body).toMatchObject({kind: 'Table', apiVersion: 'meta.k8s.io/v1'})
    const columns = body.columnDefinitions.map(({name}: {name: string}) => name)
    expect(columns).toEqual(['Name', 'Data', 'Age'])
  })

  test('an object with a finalizer is marked, and gone when that is taken off', async () => {
    await at.create(at.maps, {...configMap('held'), metadata: {name: 'held', finalizers: ['example.com/hold']}})
    const marked = await at.server.call('DELETE', `${at.maps}/held`)
    expect([marked.code, marked.body.metadata.deletionTimestamp]).toEqual([200, expect.any(String)])
    await at.server.call('PATCH', `${at.maps}/held`, {
      body: {metadata: {finalizers: null}},
      type: 'application/merge-patch+json',
    })
    expect((await at.server.call('GET', `${at.maps}/held`)).code).toBe(404)
  })

  test('children go with their owner', async () => {
    const {body: owner} = await at.create(at.maps, configMap('owner'))
    const {uid, name} = owner.metadata
    const ownerReferences = [{apiVersion: 'v1', kind: 'ConfigMap', name, uid}]
    await at.create(at.maps, {...configMap('child'), metadata: {name: 'child', ownerReferences}})
    const done = await at.server.call('DELETE', `${at.maps}/owner`, {body: {propagationPolicy: 'Background'}})
    expect([done.code, done.body.status, done.body.details]).toEqual([200, 'Success', {name, kind: 'configmaps', uid}])
    await eventually(async () => (await at.server.call('GET', `${at.maps}/child`)).code === 404)
  })

  test('a watch tells what changes from a version on', async () => {
    const {body: before} = await at.server.call('GET', at.maps)
    await at.create(at.maps, configMap('watched', {a: '1'}))
    await at.server.call('DELETE', `${at.maps}/watched`)
    const path = `${at.maps}?watch=1&timeoutSeconds=20&fieldSelector=metadata.name%3Dwatched`
    const seen: string[] = []
    const stop = new AbortController()
    for await (const {type, object} of watchKube(
      at.server.access,
      `${path}&resourceVersion=${before.metadata.resourceVersion}`,
      stop.signal,
    )) {
      seen.push(`${type} ${object.kind} ${object.metadata.name}`)
      if (type === 'DELETED') break
    }
    stop.abort()
    expect(seen).toEqual(['ADDED ConfigMap watched', 'DELETED ConfigMap watched'])
  })
}

function customKinds(at: Lab): void {
  test('the kinds of OME are served: short names, columns, defaults, rules, and what is unknown is taken off', async () => {
    for (const crd of omeCrds())
      await at.server.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {body: crd})
    const {body: group} = await at.server.call('GET', '/apis/ome.io/v1beta1')
    const service = group.resources.find(({name}: {name: string}) => name === 'inferenceservices')
    expect(service).toMatchObject({
      kind: 'InferenceService',
      namespaced: true,
      shortNames: ['isvc'],
      singularName: 'inferenceservice',
    })
    const path = `/apis/ome.io/v1beta1/namespaces/${at.server.namespace}/inferenceservices`
    const object = {
      apiVersion: 'ome.io/v1beta1',
      kind: 'InferenceService',
      metadata: {name: 'llama'},
      spec: {model: {name: 'm', nonsense: 1}, engine: {minReplicas: 1}},
    }
    const made = await at.create(path, object)
    expect([made.code, made.body.metadata.generation]).toEqual([201, 1])
    expect(made.body.spec.model).toEqual({name: 'm', kind: 'ClusterBaseModel', apiGroup: 'ome.io'})
    const {body: status} = await at.server.call('PATCH', `${path}/llama/status`, {
      body: {status: {url: 'http://x', extra: {a: 1}}, spec: {model: {name: 'other'}}},
      type: 'application/merge-patch+json',
    })
    expect([status.status, status.spec.model.name, status.metadata.generation]).toEqual([
      {url: 'http://x', extra: {a: 1}},
      'm',
      1,
    ])
    const wrong = await at.create(path, {
      ...object,
      metadata: {name: 'b'},
      spec: {model: {}, engine: {scaleMetric: 'luck', minReplicas: 'x'}},
    })
    expect([wrong.code, wrong.body.details.causes]).toEqual([
      422,
      expect.arrayContaining([
        {reason: 'FieldValueRequired', message: 'Required value', field: 'spec.model.name'},
        {
          reason: 'FieldValueNotSupported',
          message: 'Unsupported value: "luck": supported values: "cpu", "memory", "concurrency", "rps"',
          field: 'spec.engine.scaleMetric',
        },
        {
          reason: 'FieldValueInvalid',
          message: 'Invalid value: "string": spec.engine.minReplicas in body must be of type integer: "string"',
          field: 'spec.engine.minReplicas',
        },
      ]),
    ])
    const {body: table} = await at.server.call('GET', `${path}/llama`, {
      accept: 'application/json;as=Table;g=meta.k8s.io;v=v1',
    })
    const cellOf = (name: string) =>
      table.rows[0].cells[table.columnDefinitions.findIndex((column: {name: string}) => column.name === name)]
    expect([cellOf('Name'), cellOf('URL'), cellOf('BaseModel'), cellOf('Runtime')]).toEqual([
      'llama',
      'http://x',
      'm',
      null,
    ])
  })
}

onEachServer((open) => {
  const at = useServer(open)
  answersToMistakes(at)
  access(at)
  writes(at)
  reads(at)
  customKinds(at)
})
