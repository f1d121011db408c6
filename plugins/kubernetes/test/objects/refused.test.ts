import type {ApiObject} from '@omni-cli/sdk'
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

const config = (name: string, namespace: string): ApiObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {name, namespace},
  data: {a: '1'},
})

describe('a namespace that is not there', () => {
  test('is a refusal of the plan, asked for once', async () => {
    const before = kube.requests.length
    const plans = await lab.api.plan([config('a', 'nowhere'), config('b', 'nowhere'), config('c', 'default')])

    expect(plans.map(({refusal}) => refusal?.message)).toEqual([
      "there is no namespace 'nowhere'",
      "there is no namespace 'nowhere'",
      undefined,
    ])
    expect(kube.requests.slice(before).filter(({url}) => url.endsWith('/namespaces/nowhere'))).toHaveLength(1)
  })

  test('is no refusal when the list makes it', async () => {
    const plans = await lab.api.plan([
      {apiVersion: 'v1', kind: 'Namespace', metadata: {name: 'nowhere'}},
      config('a', 'nowhere'),
    ])
    expect(plans.map(({refusal}) => refusal)).toEqual([undefined, undefined])
  })
})

describe('values that are to be base64', () => {
  const secret = (data: Readonly<Record<string, string>>): ApiObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {name: 's'},
    data,
  })

  const errorsOf = async (object: ApiObject) =>
    (await lab.api.problems([object])).filter(({severity}) => severity === 'error')

  test('are told when they are not, without the value', async () => {
    const problems = await errorsOf(secret({token: 'hunter2-hunter2'}))

    expect(problems).toMatchObject([{path: ['data', 'token'], severity: 'error', message: 'it must be base64'}])
    expect(JSON.stringify(problems)).not.toContain('hunter2')
  })

  test('may be empty, padded, and broken into lines', async () => {
    expect(await errorsOf(secret({a: '', b: 'YQ==', c: 'YWJj\nYWJj\n', d: 'YWI='}))).toEqual([])
  })
})

describe('one object for who may read it and not list', () => {
  const named = async (name: string) => {
    const kind = await lab.api.findKind('configmaps')
    if (kind === undefined) throw new Error('no ConfigMaps')
    kube.fail({path: /\/configmaps\?/, status: 403})
    return lab.api.list(kind, {fields: `metadata.name=${name}`, whole: true})
  }

  test('is a row all the same', async () => {
    await lab.api.apply(config('web', 'default'))
    expect((await named('web')).rows.map(({object}) => object.data)).toEqual([{a: '1'}])
  })

  test('is no row when it is not there', async () => {
    expect((await named('nothing')).rows).toEqual([])
  })
})
