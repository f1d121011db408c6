import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {callKube, watchKube} from '../../src/kube/kube-http.ts'
import type {KubeObject} from '../../src/kube/objects.ts'
import {type FakeKube, startFakeKube} from '../../src/kube/start-fake-kube.ts'
import {eventually} from './servers.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments'

const deployment = (name: string, replicas: number, image = 'app:1') => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {name},
  spec: {
    replicas,
    selector: {matchLabels: {app: name}},
    template: {metadata: {labels: {app: name}}, spec: {containers: [{name: 'main', image}]}},
  },
})

function useFake() {
  let kube: FakeKube
  beforeEach(async () => {
    kube = await startFakeKube({
      fateOf: ({spec}) => (spec.containers[0].image === 'none:1' ? {waiting: 'ImagePullBackOff'} : undefined),
      admit: ({kind, metadata}) => {
        if (kind !== 'ConfigMap') return undefined
        return metadata.name === 'bad' ? {denied: 'it is bad'} : {warnings: ['think twice']}
      },
    })
  })
  afterEach(() => kube?.[Symbol.asyncDispose]())
  return {
    get kube() {
      return kube
    },
    call: (method: string, path: string, body?: object) =>
      callKube({server: kube.url, token: kube.token}, method, path, {body}),
  }
}

type Lab = ReturnType<typeof useFake>

function faults(at: Lab): void {
  test('a scripted fault happens to the requests that it is for, and as often as it says', async () => {
    at.kube.fail({method: 'POST', path: /configmaps/, status: 429, retryAfterSeconds: 2, after: 1})
    const map = (name: string) => at.call('POST', MAPS, {metadata: {name}})
    expect((await map('a')).code).toBe(201)
    const refused = await map('b')
    expect([refused.code, refused.headers['retry-after'], refused.body.reason]).toEqual([429, '2', 'TooManyRequests'])
    expect((await map('b')).code).toBe(201)
    expect(at.kube.requests.map(({method}) => method)).toEqual(['POST', 'POST', 'POST'])
  })

  test('a connection is cut before or after the request was carried out', async () => {
    at.kube.fail({path: /configmaps/, cut: 'before'})
    await expect(at.call('POST', MAPS, {metadata: {name: 'before'}})).rejects.toThrow('socket hang up')
    at.kube.fail({path: /configmaps/, cut: 'after'})
    await expect(at.call('POST', MAPS, {metadata: {name: 'after'}})).rejects.toThrow('socket hang up')
    expect(at.kube.all('configmaps').map(({metadata}) => metadata.name)).toEqual(['after'])
  })

  test('a group whose server is down is named by discovery and answers 503', async () => {
    at.kube.breakGroup('metrics.k8s.io/v1beta1')
    const {body} = await at.call('GET', '/apis')
    expect(body.groups.map(({name}: {name: string}) => name)).toContain('metrics.k8s.io')
    expect((await at.call('GET', '/apis/metrics.k8s.io/v1beta1')).code).toBe(503)
  })

  test('versions that were forgotten are 410, in a watch and in the next page of a list', async () => {
    for (const name of ['a', 'b']) await at.call('POST', MAPS, {metadata: {name}})
    const {body: page} = await at.call('GET', `${MAPS}?limit=1`)
    at.kube.compact()
    const next = await at.call('GET', `${MAPS}?limit=1&continue=${page.metadata.continue}`)
    expect([next.code, next.body.reason]).toEqual([410, 'Expired'])
    const access = {server: at.kube.url, token: at.kube.token}
    const path = `${MAPS}?watch=1&resourceVersion=${page.metadata.resourceVersion}`
    const [event] = await Array.fromAsync(watchKube(access, path))
    expect(event).toMatchObject({type: 'ERROR', object: {code: 410, reason: 'Expired'}})
  })

  test('a webhook warns, and refuses', async () => {
    const warned = await at.call('POST', MAPS, {kind: 'ConfigMap', apiVersion: 'v1', metadata: {name: 'fine'}})
    expect([warned.code, warned.headers.warning]).toEqual([201, '299 - "think twice"'])
    const refused = await at.call('POST', MAPS, {kind: 'ConfigMap', apiVersion: 'v1', metadata: {name: 'bad'}})
    expect([refused.code, refused.body.message]).toEqual([
      403,
      expect.stringContaining('denied the request: it is bad'),
    ])
  })
}

function pods(at: Lab): void {
  const ready = (name: string) => at.kube.read('deployments.apps', name, 'default')?.status?.readyReplicas
  const podsOf = (name: string): KubeObject[] =>
    at.kube.all('pods').filter(({metadata}) => metadata.labels?.app === name)

  test('a deployment gets pods that become ready, more and fewer of them, and new ones for a new template', async () => {
    await at.call('POST', DEPLOYMENTS, deployment('web', 2))
    await eventually(async () => ready('web') === 2)
    await at.call('PUT', `${DEPLOYMENTS}/web`, deployment('web', 1))
    await eventually(async () => podsOf('web').length === 1)
    await at.call('PUT', `${DEPLOYMENTS}/web`, deployment('web', 1, 'app:2'))
    await eventually(
      async () =>
        podsOf('web')
          .map(({spec}) => spec.containers[0].image)
          .join() === 'app:2',
    )
    expect(at.kube.all('replicasets.apps')).toHaveLength(2)
  })

  test('a pod hangs as its fate says, and the deployment is not available', async () => {
    await at.call('POST', DEPLOYMENTS, deployment('stuck', 1, 'none:1'))
    await eventually(async () => podsOf('stuck')[0]?.status?.phase === 'Pending')
    expect(podsOf('stuck')[0]?.status.containerStatuses[0].state).toEqual({waiting: {reason: 'ImagePullBackOff'}})
    const conditions = at.kube.read('deployments.apps', 'stuck', 'default')?.status.conditions
    expect(conditions.find(({type}: {type: string}) => type === 'Available').status).toBe('False')
  })

  test('what a container said is its log', async () => {
    await at.call('POST', DEPLOYMENTS, deployment('web', 1))
    await eventually(async () => ready('web') === 1)
    const name = podsOf('web')[0]?.metadata.name ?? ''
    for (const line of ['one', 'two']) at.kube.say({namespace: 'default', name, container: 'main'}, line)
    const log = (query = '') => at.call('GET', `/api/v1/namespaces/default/pods/${name}/log${query}`)
    expect((await log()).body).toBe('one\ntwo\n')
    expect((await log('?tailLines=1&timestamps=true')).body).toMatch(/^\d{4}-\S+Z two\n$/)
  })

  test('a namespace goes with everything in it', async () => {
    await at.call('POST', '/api/v1/namespaces', {metadata: {name: 'shop'}})
    await at.call('POST', '/api/v1/namespaces/shop/configmaps', {metadata: {name: 'a'}})
    await at.call('DELETE', '/api/v1/namespaces/shop')
    await eventually(async () => at.kube.read('namespaces', 'shop') === undefined)
    expect(at.kube.all('configmaps')).toEqual([])
  })
}

describe('the fake, and what only it does', () => {
  const at = useFake()
  faults(at)
  pods(at)
})
