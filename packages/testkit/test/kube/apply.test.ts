import {expect, test} from 'vitest'
import {type Lab, onEachServer, useServer} from './servers.ts'

const container = (fields: object = {}) => ({name: 'main', image: 'omni-test/app:1', ...fields})
const deployment = (name: string, containers: object[], spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {name},
  spec: {
    selector: {matchLabels: {app: name}},
    template: {metadata: {labels: {app: name}}, spec: {containers}},
    ...spec,
  },
})

const map = (name: string, data: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {name},
  data,
})

function applies(at: Lab): void {
  test('applying makes an object, changes nothing the second time, and forgets what is no longer said', async () => {
    const made = await at.server.apply(`${at.maps}/own`, map('own', {a: '1', b: '2'}))
    expect(made.code).toBe(201)
    expect(made.body.metadata.managedFields).toMatchObject([
      {
        manager: 'tests',
        operation: 'Apply',
        apiVersion: 'v1',
        fieldsType: 'FieldsV1',
        fieldsV1: {'f:data': {'f:a': {}, 'f:b': {}}},
      },
    ])
    const same = await at.server.apply(`${at.maps}/own`, map('own', {a: '1', b: '2'}))
    expect([same.code, same.body.metadata.resourceVersion]).toEqual([200, made.body.metadata.resourceVersion])
    const less = await at.server.apply(`${at.maps}/own`, map('own', {a: '1'}))
    expect(less.body.data).toEqual({a: '1'})
  })

  test('fields of others stay; another value for one of them is a conflict that names them, unless it is forced', async () => {
    await at.server.apply(`${at.maps}/shared`, map('shared', {a: '1'}), 'fieldManager=first')
    const second = await at.server.apply(`${at.maps}/shared`, map('shared', {b: '2'}), 'fieldManager=second')
    expect(second.body.data).toEqual({a: '1', b: '2'})
    const {code, body} = await at.server.apply(
      `${at.maps}/shared`,
      map('shared', {a: '9', b: '2'}),
      'fieldManager=second',
    )
    expect([code, body.reason, body.message]).toEqual([
      409,
      'Conflict',
      'Apply failed with 1 conflict: conflict with "first": .data.a',
    ])
    expect(body.details.causes).toEqual([
      {reason: 'FieldManagerConflict', message: 'conflict with "first"', field: '.data.a'},
    ])
    const forced = await at.server.apply(
      `${at.maps}/shared`,
      map('shared', {a: '9', b: '2'}),
      'fieldManager=second&force=true',
    )
    expect([forced.code, forced.body.data]).toEqual([200, {a: '9', b: '2'}])
    expect(forced.body.metadata.managedFields.map(({manager}: {manager: string}) => manager)).toEqual(['second'])
  })

  test('who updates a field owns it', async () => {
    await at.server.apply(`${at.maps}/updated`, map('updated', {a: '1'}))
    await at.server.call('PATCH', `${at.maps}/updated?fieldManager=somebody`, {
      body: {data: {a: '2'}},
      type: 'application/merge-patch+json',
    })
    const {code, body} = await at.server.apply(`${at.maps}/updated`, map('updated', {a: '1'}))
    expect([code, body.message]).toEqual([
      409,
      expect.stringMatching(/^Apply failed with 1 conflict: conflict with "somebody" using v1( at \S+)?: .data.a$/),
    ])
  })
}

function merges(at: Lab): void {
  test('lists of things with names are merged by them', async () => {
    const environment = (name: string, value: string) => ({env: [{name, value}], ports: [{containerPort: 8080}]})
    await at.server.apply(
      `${at.deployments}/lists`,
      deployment('lists', [container(environment('A', '1'))], {replicas: 0}),
      'fieldManager=first',
    )
    const added = await at.server.apply(
      `${at.deployments}/lists`,
      deployment('lists', [container({env: [{name: 'B', value: '2'}]}), container({name: 'side'})]),
      'fieldManager=second',
    )
    expect([added.code, added.body.message]).toEqual([200, undefined])
    const containers: {name: string; env?: {name: string}[]}[] = added.body.spec.template.spec.containers
    expect(containers.map(({name}) => name).sort()).toEqual(['main', 'side'])
    expect(
      containers
        .find(({name}) => name === 'main')
        ?.env?.map(({name}) => name)
        .sort(),
    ).toEqual(['A', 'B'])
    const without = await at.server.apply(
      `${at.deployments}/lists`,
      deployment('lists', [container()]),
      'fieldManager=second',
    )
    const [main, ...others] = without.body.spec.template.spec.containers
    expect([main.env, others]).toEqual([[{name: 'A', value: '1'}], []])
  })

  test('a dry run of applying tells the result and changes nothing', async () => {
    await at.server.apply(`${at.maps}/dry`, map('dry', {a: '1'}))
    const {body} = await at.server.apply(`${at.maps}/dry`, map('dry', {a: '2'}), 'fieldManager=tests&dryRun=All')
    expect(body.data).toEqual({a: '2'})
    expect((await at.server.call('GET', `${at.maps}/dry`)).body.data).toEqual({a: '1'})
  })
}

onEachServer((open) => {
  const at = useServer(open)
  applies(at)
  merges(at)
})
