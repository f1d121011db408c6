import {mkdtemp, readdir, rm, writeFile} from 'node:fs/promises'
import type {ServerResponse} from 'node:http'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {openDiscoveryCache} from '../../src/client/discovery-cache.ts'
import {json, openTestClient, refusal, startApi} from './api-server.ts'

const resource = (name: string, kind: string, extra: Record<string, unknown> = {}) => ({
  ...{name, kind, singularName: '', namespaced: true, verbs: ['get', 'list']},
  ...extra,
})

const CORE = [
  resource('pods', 'Pod', {shortNames: ['po']}),
  resource('pods/log', 'Pod'),
  resource('events', 'Event', {shortNames: ['ev']}),
]
const APPS = [resource('deployments', 'Deployment', {shortNames: ['deploy']})]
const OME = [
  resource('inferenceservices', 'InferenceService', {singularName: 'inferenceservice', shortNames: ['isvc']}),
]

const group = (name: string, ...versions: readonly string[]) => ({
  name,
  versions: versions.map((version) => ({groupVersion: `${name}/${version}`, version})),
  preferredVersion: {groupVersion: `${name}/${versions[0]}`},
})

type Routes = Record<string, unknown | ((response: ServerResponse) => void)>

const startDiscovery = (routes: Routes) =>
  startApi(({url = ''}, response) => {
    const found = routes[url]
    if (typeof found === 'function') found(response)
    else if (found === undefined)
      json(response, refusal(404, 'NotFound', 'the server could not find the requested resource'), 404)
    else json(response, found)
  })

const routes = (more: Routes = {}): Routes => ({
  '/api': {kind: 'APIVersions', versions: ['v1']},
  '/apis': {
    kind: 'APIGroupList',
    groups: [group('apps', 'v1'), group('autoscaling', 'v2', 'v1'), group('ome.io', 'v1beta1')],
  },
  '/api/v1': {resources: CORE},
  '/apis/apps/v1': {resources: APPS},
  '/apis/autoscaling/v2': {
    resources: [resource('horizontalpodautoscalers', 'HorizontalPodAutoscaler', {shortNames: ['hpa']})],
  },
  '/apis/autoscaling/v1': {
    resources: [resource('horizontalpodautoscalers', 'HorizontalPodAutoscaler', {shortNames: ['hpa']})],
  },
  '/apis/ome.io/v1beta1': {resources: OME},
  ...more,
})

describe('kinds', () => {
  it.each([
    ['pods', 'Pod', 'v1'],
    ['PO', 'Pod', 'v1'],
    ['deployment', 'Deployment', 'v1'],
    ['Deployments.apps', 'Deployment', 'v1'],
    ['isvc', 'InferenceService', 'v1beta1'],
    ['hpa', 'HorizontalPodAutoscaler', 'v2'],
    ['hpa.v1.autoscaling', 'HorizontalPodAutoscaler', 'v1'],
  ])('are found as %s', async (word, kind, version) => {
    await using api = await startDiscovery(routes())
    await using lab = await openTestClient(api.url)

    expect(await lab.client.findKind(word)).toMatchObject({kind, version})
  })

  it('are all told once, in the version that the server prefers', async () => {
    await using api = await startDiscovery(routes())
    await using lab = await openTestClient(api.url)

    const kinds = await lab.client.kinds()

    expect(kinds.map(({plural, version}) => `${plural}.${version}`)).toEqual([
      'pods.v1',
      'events.v1',
      'deployments.v1',
      'horizontalpodautoscalers.v2',
      'inferenceservices.v1beta1',
    ])
  })

  it('of a known version need one question alone', async () => {
    await using api = await startDiscovery(routes())
    await using lab = await openTestClient(api.url)
    const wanted = {apiVersion: 'ome.io/v1beta1', kind: 'InferenceService'}

    const found = await Promise.all([lab.client.findKind(wanted), lab.client.findKind(wanted)])

    expect(found[0]).toMatchObject({plural: 'inferenceservices', singular: 'inferenceservice', namespaced: true})
    expect(api.requests).toEqual(['GET /apis/ome.io/v1beta1'])
  })

  it('are remembered on the disk for the next command', async () => {
    await using api = await startDiscovery(routes())
    await using lab = await openTestClient(api.url)
    await lab.client.findKind('isvc')
    const asked = api.requests.length

    await expect.poll(() => readdir(join(lab.home, 'cache', 'kube'))).toEqual([expect.stringMatching(/^\w+\.json$/)])
    await using next = await openTestClient(api.url, {home: lab.home})

    expect(await next.client.findKind('deploy')).toMatchObject({kind: 'Deployment'})
    expect(api.requests).toHaveLength(asked)
  })
})

describe('what is remembered of kinds', () => {
  it('is nothing without a home', async () => {
    await using api = await startDiscovery(routes())
    const folder = await mkdtemp(join(tmpdir(), 'omni-no-home-'))
    const before = process.cwd()
    process.chdir(folder)
    try {
      await using lab = await openTestClient(api.url, {cache: openDiscoveryCache('', api.url)})
      expect(await lab.client.findKind('isvc')).toMatchObject({kind: 'InferenceService'})
      await new Promise((resolve) => setImmediate(resolve))
      expect(await readdir(folder)).toEqual([])
    } finally {
      process.chdir(before)
      await rm(folder, {recursive: true})
    }
  })

  it.each([
    ['torn', '{"format":1,"at":'],
    ['of another form', {format: 1, at: 1, order: ['v1'], versions: {v1: null}}],
    ['with kinds of another form', {format: 1, at: Date.now(), order: ['v1'], versions: {v1: {at: 1, kinds: [null]}}}],
    [
      'of a clock that was wrong',
      {format: 1, at: Date.now() + 1e9, order: ['v1'], versions: {v1: {at: Date.now() + 1e9, kinds: []}}},
    ],
  ])('and is %s is asked for again', async (_, stored) => {
    await using api = await startDiscovery(routes())
    const home = await mkdtemp(join(tmpdir(), 'omni-odd-cache-'))
    await using first = await openTestClient(api.url, {home})
    await first.client.kinds()
    const folder = join(home, 'cache', 'kube')
    await expect.poll(() => readdir(folder).catch(() => [])).toHaveLength(1)
    const [file = ''] = await readdir(folder)
    await writeFile(join(folder, file), typeof stored === 'string' ? stored : JSON.stringify(stored))

    await using lab = await openTestClient(api.url, {home})

    expect(await lab.client.findKind('pods')).toMatchObject({kind: 'Pod'})
    expect((await lab.client.kinds()).map(({kind}) => kind)).toContain('Pod')
  })
})

describe('kinds that change', () => {
  it('that are new are found as soon as they are asked for anew', async () => {
    const served = routes({'/apis': {groups: []}, '/apis/ome.io/v1beta1': undefined})
    await using api = await startDiscovery(served)
    await using lab = await openTestClient(api.url)
    const wanted = {apiVersion: 'ome.io/v1beta1', kind: 'InferenceService'}
    expect(await lab.client.findKind(wanted)).toBeUndefined()
    await lab.client.kinds()

    Object.assign(served, routes())

    await lab.client.kinds({fresh: true})
    expect(await lab.client.findKind(wanted)).toMatchObject({kind: 'InferenceService'})
    expect(await lab.client.findKind('isvc')).toMatchObject({kind: 'InferenceService'})
  })

  it('that are defined in the same run are found a moment later', async () => {
    const served = routes({'/apis/ome.io/v1beta1': undefined})
    await using api = await startDiscovery(served)
    await using lab = await openTestClient(api.url)
    const wanted = {apiVersion: 'ome.io/v1beta1', kind: 'InferenceService'}
    expect(await lab.client.findKind(wanted)).toBeUndefined()
    expect(await lab.client.findKind(wanted)).toBeUndefined()
    expect(api.requests).toHaveLength(1)

    Object.assign(served, routes())

    await expect.poll(() => lab.client.findKind(wanted), {timeout: 5_000}).toMatchObject({kind: 'InferenceService'})
  })

  it('of a service that is down do not take the others with them', async () => {
    const down = (response: ServerResponse) => json(response, refusal(503, '', 'service unavailable'), 503)
    await using api = await startDiscovery(
      routes({
        '/apis': {groups: [group('metrics.k8s.io', 'v1beta1'), group('apps', 'v1')]},
        '/apis/metrics.k8s.io/v1beta1': down,
      }),
    )
    await using lab = await openTestClient(api.url)

    expect(await lab.client.findKind('deployments')).toMatchObject({kind: 'Deployment'})
    expect(await lab.client.findKind('nodemetrics')).toBeUndefined()
    await expect(lab.client.findKind({apiVersion: 'metrics.k8s.io/v1beta1', kind: 'PodMetrics'})).rejects.toMatchObject(
      {
        code: 'UNAVAILABLE',
      },
    )
  })

  it('are not said to be absent when the server does not answer', async () => {
    await using lab = await openTestClient('http://127.0.0.1:1')

    await expect(lab.client.findKind('pods')).rejects.toMatchObject({code: 'UNAVAILABLE'})
    await expect(lab.client.findKind({apiVersion: 'v1', kind: 'Pod'})).rejects.toMatchObject({code: 'UNAVAILABLE'})
  })

  it('come in one answer from servers that can', async () => {
    const aggregated = {
      resource: 'pods',
      responseKind: {group: '', version: 'v1', kind: 'Pod'},
      ...{scope: 'Namespaced', singularResource: 'pod', shortNames: ['po'], verbs: ['list']},
    }
    await using api = await startDiscovery({
      '/api': {
        kind: 'APIGroupDiscoveryList',
        items: [{metadata: {}, versions: [{version: 'v1', resources: [aggregated]}]}],
      },
      '/apis': {kind: 'APIGroupDiscoveryList', items: []},
    })
    await using lab = await openTestClient(api.url)

    expect(await lab.client.findKind('po')).toMatchObject({kind: 'Pod', plural: 'pods', namespaced: true, group: ''})
    expect(api.requests).toHaveLength(2)
  })

  it('of 1,900 definitions are found, too', async () => {
    const many = Array.from({length: 1_900}, (_, index) => resource(`things${index}`, `Thing${index}`))
    await using api = await startDiscovery(
      routes({'/apis': {groups: [group('many.example.com', 'v1')]}, '/apis/many.example.com/v1': {resources: many}}),
    )
    await using lab = await openTestClient(api.url)

    expect(await lab.client.findKind('thing1899')).toMatchObject({plural: 'things1899'})
    expect(await lab.client.kinds()).toHaveLength(1_902)
  })
})
