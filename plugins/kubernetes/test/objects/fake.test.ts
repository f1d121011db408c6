import {type ApiObject, poll} from '@omni-cli/sdk'
import {type FakeKube, startFakeKube} from '@omni-cli/testkit'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {type ObjectsLab, openObjects} from './lab.ts'

let kube: FakeKube
let lab: ObjectsLab

beforeEach(async () => {
  kube = await startFakeKube()
  lab = await openObjects({kubeconfig: kube.kubeconfig, cluster: 'fake', namespace: 'default'})
})
afterEach(async () => {
  await lab[Symbol.asyncDispose]()
  await kube[Symbol.asyncDispose]()
})

const config = (name: string, data: Readonly<Record<string, string>> = {a: '1'}): ApiObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {name},
  data,
})

describe('plan and apply', () => {
  test('what was applied is as wanted, and costs one list for all of it', async () => {
    const objects = Array.from({length: 40}, (_, index) => config(`c${index}`))
    expect((await lab.api.plan(objects)).map(({action}) => action)).toEqual(objects.map(() => 'create'))
    for (const object of objects) await lab.api.apply(object)

    const before = kube.requests.length
    const plans = await lab.api.plan(objects)

    expect(new Set(plans.map(({action}) => action))).toEqual(new Set(['keep']))
    expect(kube.requests.length - before).toBe(1)
  })

  test('a change tells where it is', async () => {
    await lab.api.apply(config('web'))
    const [plan] = await lab.api.plan([config('web', {a: '2'})])
    expect(plan).toMatchObject({action: 'update', changes: [{path: 'data.a', from: '1', to: '2', by: 'omni'}]})
  })

  test('what somebody else has set is a conflict that names him, until it is taken over', async () => {
    const kind = await lab.api.findKind('configmaps')
    if (kind === undefined) throw new Error('no ConfigMaps')
    await lab.client.create(kind, config('web', {a: '9'}))

    const [plan] = await lab.api.plan([config('web')])
    expect(plan?.conflicts).toMatchObject([{path: ['data', 'a']}])
    await expect(lab.api.apply(config('web'))).rejects.toMatchObject({code: 'CONFLICT'})

    await lab.api.apply(config('web'), {force: true})
    expect((await lab.api.plan([config('web')])).map(({action}) => action)).toEqual(['keep'])
  })

  test('an object of a namespace and of a kind that are in the same list is planned', async () => {
    const plans = await lab.api.plan([
      {apiVersion: 'v1', kind: 'Namespace', metadata: {name: 'shop'}},
      {...config('c'), metadata: {name: 'c', namespace: 'shop'}},
    ])
    expect(plans.map(({action, needs}) => ({action, needs}))).toEqual([
      {action: 'create', needs: []},
      {action: 'create', needs: [0]},
    ])
  })

  test('a kind that is not served is a refusal, not the end of the plan', async () => {
    const plans = await lab.api.plan([{...config('x'), kind: 'Nothing'}, config('y')])
    expect(plans.map(({refusal}) => refusal?.code)).toEqual(['UNSUPPORTED', undefined])
  })
})

describe('around an object', () => {
  test('get, list and remove', async () => {
    await lab.api.apply(config('web'))
    const kind = await lab.api.findKind('cm')
    if (kind === undefined) throw new Error('no ConfigMaps')
    expect((await lab.api.list(kind)).rows.map(({object}) => object.metadata.name)).toContain('web')
    const ref = {apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'web'}
    await lab.api.remove(ref)
    await lab.api.remove(ref)
    expect(await lab.api.get(ref)).toBeUndefined()
  })

  test('rows are watched', async () => {
    const kind = await lab.api.findKind('configmaps')
    if (kind === undefined) throw new Error('no ConfigMaps')
    await lab.api.apply(config('first'))
    const controller = new AbortController()
    const seen: string[] = []
    const watching = (async () => {
      for await (const {type, row} of lab.api.watch(kind, {signal: controller.signal}))
        seen.push(`${type} ${row.object.metadata.name}`)
    })().catch(() => undefined)
    await poll({everyMs: 10, timeoutMs: 5000}, () => seen.includes('added first'))
    await lab.api.apply(config('second'))
    await poll({everyMs: 10, timeoutMs: 5000}, () => seen.includes('added second'))
    controller.abort()
    await watching
  })

  test('who uses a model is told before it goes', async () => {
    await lab.api.apply({
      apiVersion: 'ome.io/v1beta1',
      kind: 'InferenceService',
      metadata: {name: 'chat'},
      spec: {model: {name: 'm'}, engine: {}},
    })
    const [users] = await lab.api.dependants([{apiVersion: 'ome.io/v1beta1', kind: 'ClusterBaseModel', name: 'm'}])
    expect(users).toMatchObject([{kind: 'InferenceService', name: 'chat'}])
  })

  test('services.core is the kind of the core group', async () => {
    expect(await lab.api.findKind('services.core')).toMatchObject({group: '', kind: 'Service'})
  })

  test('a user who may do nothing is told so', async () => {
    await using viewer = await openObjects({kubeconfig: kube.kubeconfig, cluster: 'fake-viewer', namespace: 'default'})
    await expect(viewer.api.plan([config('web')])).rejects.toMatchObject({code: 'FORBIDDEN'})
  })
})
