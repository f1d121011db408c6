import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {type ClusterCheck, type DriverContext, silentLogger} from '@omni-cli/sdk'
import {startFakeKube} from '@omni-cli/testkit'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {createCluster} from '../../../src/provider/cluster/index.ts'
import {json, refusal, startApi} from '../../client/api-server.ts'

let home: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'omni-health-'))
})
afterAll(() => rm(home, {recursive: true, force: true, maxRetries: 3}))

const openCluster = ({kubeconfig}: {readonly kubeconfig: string}, cluster = 'fake') => {
  const context: DriverContext = {
    ...{home, env: {KUBECONFIG: kubeconfig}, context: 'test', namespace: 'default', cluster, log: silentLogger},
    http: {request: () => Promise.reject(new Error('not used')), stream: () => Promise.reject(new Error('not used'))},
    exec: () => Promise.reject(new Error('not used')),
    notice: () => undefined,
  }
  return createCluster(context, {})
}

const found = (checks: readonly ClusterCheck[]) =>
  Object.fromEntries(checks.map(({name, status, message}) => [name, `${status}: ${message}`]))

/** A server that holds just these answers; every question about permissions is answered with yes. */
async function startCluster(objects: Readonly<Record<string, unknown>>) {
  const kinds = [...NEEDED, 'finetunedweights', 'benchmarkjobs', 'acceleratorclasses']
  const routes: Readonly<Record<string, unknown>> = {
    '/version': {gitVersion: 'v1.33.1'},
    '/api': {versions: ['v1']},
    '/apis': {groups: [{name: 'ome.io', versions: [{groupVersion: 'ome.io/v1beta1'}]}]},
    '/api/v1': {resources: []},
    '/apis/ome.io/v1beta1': {resources: kinds.map((name) => ({name, kind: name, verbs: []}))},
    '/api/v1/nodes': {items: [{metadata: {name: 'n1'}, status: {conditions: [{type: 'Ready', status: 'True'}]}}]},
    ...objects,
  }
  const api = await startApi(({url = ''}, response) => {
    const [path = ''] = url.split('?')
    if (path.endsWith('selfsubjectaccessreviews')) json(response, {status: {allowed: true}})
    else if (routes[path] === undefined) json(response, refusal(404, 'NotFound', `${path} not found`), 404)
    else json(response, routes[path])
  })
  const kubeconfig = join(home, `config-${new URL(api.url).port}`)
  await writeFile(kubeconfig, kubeconfigOf(api.url))
  return Object.assign(api, {kubeconfig})
}

const NEEDED = ['inferenceservices', 'clusterservingruntimes', 'servingruntimes', 'clusterbasemodels', 'basemodels']

const kubeconfigOf = (server: string): string =>
  `clusters: [{name: c, cluster: {server: "${server}"}}]\ncontexts: [{name: fake, context: {cluster: c}}]`

const OME = '/api/v1/namespaces/ome'
const APPS = '/apis/apps/v1/namespaces/ome'
const HOOKS = '/apis/admissionregistration.k8s.io/v1'

/** OME as it is installed, with so many of two programs ready. */
const installed = (ready: number, {caBundle, addresses}: {caBundle?: string; addresses: readonly object[]}) => ({
  [`${APPS}/deployments/ome-controller-manager`]: {spec: {replicas: 2}, status: {readyReplicas: ready}},
  [`${APPS}/daemonsets/ome-model-agent-daemonset`]: {status: {desiredNumberScheduled: 2, numberReady: ready}},
  [`${OME}/configmaps/inferenceservice-config`]: {metadata: {name: 'inferenceservice-config'}},
  [`${OME}/configmaps`]: {items: [{metadata: {name: 'n1'}}]},
  [`${OME}/endpoints/ome-webhook`]: {subsets: [{addresses}]},
  [`${HOOKS}/mutatingwebhookconfigurations`]: {items: []},
  [`${HOOKS}/validatingwebhookconfigurations`]: {
    items: [
      {
        metadata: {name: 'inferenceservice.ome.io'},
        webhooks: [
          {
            name: 'inferenceservice.ome-webhook-server.validator',
            clientConfig: {service: {namespace: 'ome', name: 'ome-webhook'}, caBundle},
            rules: [{apiGroups: ['ome.io']}],
          },
          {name: 'other.example.com', clientConfig: {service: {namespace: 'x', name: 'gone'}}},
        ],
      },
    ],
  },
})

describe('the health of a cluster', () => {
  it('is well with all that serving needs', async () => {
    await using kube = await startCluster(installed(2, {caBundle: 'Q0E=', addresses: [{ip: '10.0.0.9'}]}))

    const checks = await openCluster(kube).health()

    expect(checks.filter(({status}) => status !== 'ok')).toEqual([])
    expect(found(checks)).toMatchObject({
      nodes: 'ok: 1 of 1 ready',
      'ome controller': 'ok: 2 of 2 replicas ready',
      'model agents': 'ok: ready on 2 of 2 nodes',
      'agent reports': 'ok: 1 nodes tell which models they have',
      webhooks: 'ok: 1 webhooks answer',
      permissions: "ok: this user may do everything in 'default'",
    })
  })

  it('tells what is half there', async () => {
    await using kube = await startCluster(installed(1, {addresses: []}))

    const checks = found(await openCluster(kube).health())

    expect(checks['ome controller']).toBe('warning: 1 of 2 replicas ready')
    expect(checks['model agents']).toBe('warning: ready on 1 of 2 nodes')
    expect(checks.webhooks).toMatch(
      /^failed: nobody answers behind the service ome\/ome-webhook; 1 have no certificate/,
    )
  })

  it('without OME is no failure: applications need none', async () => {
    await using kube = await startFakeKube({ome: false})

    const checks = found(await openCluster(kube).health())

    expect(checks['ome crds']).toMatch(/^warning: OME is not installed/)
    expect(checks['ome controller']).toBeUndefined()
    expect(Object.values(checks).filter((text) => text.startsWith('failed'))).toEqual([])
  })

  it('with custom resources and nobody who acts on them has failed', async () => {
    await using kube = await startFakeKube()

    const checks = found(await openCluster(kube).health())

    expect(checks['ome controller']).toMatch(/^failed: there is no Deployment 'ome-controller-manager'/)
    expect(checks['ome configuration']).toMatch(/^failed/)
  })

  it('tells nodes that take nothing', async () => {
    await using kube = await startFakeKube({ome: false})
    kube.change('nodes', 'node1', undefined, (node) => {
      node.spec = {unschedulable: true}
    })

    expect(found(await openCluster(kube).health()).nodes).toBe('failed: 0 of 1 ready; node1: cordoned')
  })

  it('is not known where this user may not look, and says what he may not do', async () => {
    await using kube = await startFakeKube()

    const reader = found(await openCluster(kube, 'fake-reader').health())
    const viewer = found(await openCluster(kube, 'fake-viewer').health())

    expect(reader.permissions).toMatch(/^warning: in 'default' this user may not: .*create deployments/)
    expect(viewer.nodes).toMatch(/^unknown: /)
    expect(viewer.permissions).toBe("failed: this user may do nothing in 'default'")
  })

  it('of a server that does not answer is that alone', async () => {
    const kubeconfig = join(home, 'nobody')
    await writeFile(kubeconfig, kubeconfigOf('http://127.0.0.1:1'))

    const checks = await openCluster({kubeconfig}).health()

    expect(checks).toEqual([
      {
        name: 'api server',
        status: 'failed',
        message: expect.stringContaining('nothing listens'),
        hint: 'omni cluster connect',
      },
    ])
  })
})
