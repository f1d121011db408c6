import {mkdtemp, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {silentLogger} from '@omni-cli/sdk'
import {type FakeKube, startFakeKube} from '@omni-cli/testkit'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import type {KubeClient} from '../../src/client/kube-client.ts'
import {openClient} from '../../src/client/open-client.ts'
import {diagnose} from '../../src/provider/inference/diagnose/diagnose.ts'

const LABEL = 'ome.io/inferenceservice'

let home: string
let fake: FakeKube
let client: KubeClient

const open = (cluster: string) =>
  openClient(
    {
      ...{home, env: {}, context: 'test', namespace: 'default', cluster, log: silentLogger, notice: () => undefined},
      http: {request: () => Promise.reject(new Error('not used')), stream: () => Promise.reject(new Error('not used'))},
      exec: () => Promise.reject(new Error('not used')),
    },
    {kubeconfig: fake.kubeconfig},
  )

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'omni-diagnose-'))
  fake = await startFakeKube({fateOf: () => undefined})
  client = await open('fake')
  const metadata = {name: 'llama', namespace: 'default'}
  fake.seed(
    {
      apiVersion: 'ome.io/v1beta1',
      kind: 'ClusterBaseModel',
      metadata: {name: 'tiny'},
      spec: {storage: {storageUri: 'hf://acme/tiny', path: '/m', key: 'hub'}},
    },
    {
      apiVersion: 'ome.io/v1beta1',
      kind: 'InferenceService',
      metadata,
      spec: {model: {name: 'tiny'}, runtime: {name: 'fast'}, engine: {}},
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {name: 'llama-engine-5d8f7c9b4-x2v4z', namespace: 'default', labels: {[LABEL]: 'llama'}},
      spec: {containers: [{name: 'ome-container', image: 'x', resources: {limits: {'nvidia.com/gpu': '64'}}}]},
      status: {
        phase: 'Pending',
        conditions: [
          {type: 'PodScheduled', status: 'False', message: '0/1 nodes are available: 1 Insufficient nvidia.com/gpu.'},
        ],
      },
    },
  )
})
afterAll(async () => {
  await fake[Symbol.asyncDispose]()
  await rm(home, {recursive: true, force: true})
})

describe('what is looked at', () => {
  it('is the service, its model and runtime, the operator, nodes and pods, all at once', async () => {
    fake.fail({delayMs: 30, times: 1000})
    const before = fake.requests.length
    const rules = (await diagnose(client, 'llama')).filter(({severity}) => severity === 'cause').map(({rule}) => rule)

    expect(rules).toEqual(
      expect.arrayContaining([
        'operator-missing',
        'model-token-missing',
        'model-not-ready',
        'runtime-not-found',
        'gpus-missing',
      ]),
    )
    expect(fake.requests.length - before).toBeLessThan(30)
    expect(fake.mostAtOnce()).toBeGreaterThan(5)
    fake.clearFaults()
  })

  it('a service that is not there is NOT_FOUND', async () => {
    await expect(diagnose(client, 'nothing')).rejects.toMatchObject({code: 'NOT_FOUND'})
  })

  it('what is forbidden is told, and nothing is made of it', async () => {
    fake.fail({path: /clusterbasemodels\/tiny/, status: 403})
    const findings = await diagnose(client, 'llama')

    expect(findings.at(-1)).toMatchObject({rule: 'not-looked-at', message: expect.stringContaining('look at model:')})
    expect(findings.map(({rule}) => rule)).not.toContain('model-not-found')
  })

  it('a user who may look at nothing is told that', async () => {
    await expect(open('fake-viewer').then((viewer) => diagnose(viewer, 'llama'))).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
  })
})
