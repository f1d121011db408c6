import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {callKube} from '../../src/kube/kube-http.ts'
import type {KubeObject} from '../../src/kube/objects.ts'
import {type OmeSimulator, startOmeSimulator} from '../../src/kube/ome/start-ome-simulator.ts'
import {type FakeKube, startFakeKube} from '../../src/kube/start-fake-kube.ts'
import {eventually} from './servers.ts'

const API = '/apis/ome.io/v1beta1'
const SERVICES = `${API}/namespaces/default/inferenceservices`
const MODELS = `${API}/clusterbasemodels`

const model = (name: string, storageUri = 'hf://acme/tiny') => ({
  apiVersion: 'ome.io/v1beta1',
  kind: 'ClusterBaseModel',
  metadata: {name},
  spec: {
    vendor: 'acme',
    modelFormat: {name: 'safetensors', version: '1.0.0'},
    modelArchitecture: 'TinyForCausalLM',
    storage: {storageUri, path: `/raid/models/${name}`},
  },
})
const runtime = (name: string, autoSelect = true) => ({
  apiVersion: 'ome.io/v1beta1',
  kind: 'ClusterServingRuntime',
  metadata: {name},
  spec: {
    supportedModelFormats: [
      {modelFormat: {name: 'safetensors', version: '1.0.0'}, modelArchitecture: 'TinyForCausalLM', autoSelect},
    ],
    engineConfig: {
      runner: {
        name: 'ome-container',
        image: 'acme/engine:1',
        args: ['--tp-size', '1'],
        resources: {limits: {'nvidia.com/gpu': 1}},
      },
    },
    decoderConfig: {runner: {name: 'ome-container', image: 'acme/engine:1'}},
    routerConfig: {runner: {name: 'router', image: 'acme/router:1'}},
  },
})
const service = (name: string, spec: object = {}, metadata: object = {}) => ({
  apiVersion: 'ome.io/v1beta1',
  kind: 'InferenceService',
  metadata: {name, ...metadata},
  spec: {model: {name: 'tiny'}, engine: {minReplicas: 1, maxReplicas: 1}, ...spec},
})

/** An API server with the simulator at work on it, a new one for each test. */
function useLab() {
  let kube: FakeKube
  let ome: OmeSimulator
  const call = (method: string, path: string, body?: object, type?: string) =>
    callKube({server: kube.url, token: kube.token}, method, path, {body, type})
  const read = (name: string): KubeObject | undefined => kube.read('inferenceservices.ome.io', name, 'default')
  const is = (name: string, type: string) =>
    read(name)?.status?.conditions?.find((one: {type: string}) => one.type === type)?.status
  const modelState = (name: string) => kube.read('clusterbasemodels.ome.io', name)?.status?.state
  beforeEach(async () => {
    const isNeverReady = (pod: KubeObject) => pod.spec.containers[0].image === 'acme/none:1'
    kube = await startFakeKube({fateOf: (pod) => ({ready: !isNeverReady(pod)})})
    ome = await startOmeSimulator({cluster: {kubeconfig: kube.kubeconfig}, download: {steps: 4, stepMs: 60}})
  })
  afterEach(async () => {
    await ome?.[Symbol.asyncDispose]()
    await kube?.[Symbol.asyncDispose]()
  })

  return {
    get kube() {
      return kube
    },
    get ome() {
      return ome
    },
    call,
    read,
    is,
    modelState,
  }
}

type Lab = ReturnType<typeof useLab>

function ofModels(at: Lab): void {
  test('a model is downloaded to the nodes, which say how far they are, and then ready', async () => {
    await at.call('POST', MODELS, model('tiny'))
    await eventually(
      async () => at.kube.read('configmaps', 'node1', 'ome')?.data?.['clusterbasemodel.tiny'] !== undefined,
    )
    const map = at.kube.read('configmaps', 'node1', 'ome')
    expect(map?.metadata.labels).toEqual({'models.ome/basemodel-status': 'true'})
    expect(JSON.parse(map?.data['clusterbasemodel.tiny'])).toMatchObject({
      name: 'tiny',
      status: 'Updating',
      progress: {phase: 'Downloading', totalBytes: 4 * 1024 ** 3, totalFiles: 3},
    })
    await eventually(async () => at.modelState('tiny') === 'Ready')
    expect(at.kube.read('nodes', 'node1')?.metadata.labels?.['models.ome.io/clusterbasemodel.tiny']).toBe('Ready')
  })

  test('what the agents cannot fetch fails, or is never ready', async () => {
    at.ome.failModel('gated', '401 from the hub')
    await at.call('POST', MODELS, model('gated'))
    await at.call('POST', MODELS, model('bucket', 's3://bucket/tiny'))
    await at.call('POST', MODELS, model('claim', 'pvc://claim/tiny'))
    await eventually(async () => at.modelState('gated') === 'Failed' && at.modelState('bucket') === 'Failed')
    expect(at.modelState('claim')).toBe('In_Transit')
  })

  test('a model whose agent is down hangs when it is deleted, until the agent is back', async () => {
    await at.call('POST', MODELS, model('tiny'))
    await eventually(async () => at.modelState('tiny') === 'Ready')
    at.ome.setAgent('node1', false)
    await at.call('DELETE', `${MODELS}/tiny`)
    expect(at.kube.read('clusterbasemodels.ome.io', 'tiny')?.metadata.deletionTimestamp).toBeDefined()
    at.ome.setAgent('node1', true)
    await eventually(async () => at.kube.read('clusterbasemodels.ome.io', 'tiny') === undefined)
    expect(at.kube.read('nodes', 'node1')?.metadata.labels?.['models.ome.io/clusterbasemodel.tiny']).toBeUndefined()
  })
}

function ofServices(at: Lab): void {
  test('a service gets its objects and becomes ready; the runtime is chosen, and named on the pods alone', async () => {
    await at.call('POST', MODELS, model('tiny'))
    await at.call('POST', `${API}/clusterservingruntimes`, runtime('tiny-rt'))
    await at.call('POST', SERVICES, service('llama', {router: {}}, {labels: {team: 'a'}, annotations: {note: 'b'}}))
    await eventually(async () => at.is('llama', 'Ready') === 'True' && at.is('llama', 'RouterReady') === 'True')
    expect(at.read('llama')).toMatchObject({
      spec: {model: {name: 'tiny'}},
      status: {url: 'http://llama.default.svc.cluster.local:8080', modelStatus: {transitionStatus: 'UpToDate'}},
    })
    expect(at.read('llama')?.status.observedGeneration).toBe(at.read('llama')?.metadata.generation)
    expect(at.read('llama')?.spec.runtime).toBeUndefined()
    const {metadata, spec} = at.kube.read('deployments.apps', 'llama-engine', 'default')?.spec.template ?? {}
    expect(metadata.labels).toMatchObject({
      team: 'a',
      'ome.io/inferenceservice': 'llama',
      component: 'engine',
      app: 'llama-engine',
      'serving-runtime': 'tiny-rt',
      'base-model-name': 'tiny',
    })
    expect(metadata.annotations).toMatchObject({
      note: 'b',
      'ome.io/serving-runtime': 'tiny-rt',
      'ome.io/deploymentMode': 'RawDeployment',
    })
    expect(spec.nodeSelector).toEqual({'models.ome.io/clusterbasemodel.tiny': 'Ready'})
    expect(spec.containers[0]).toMatchObject({name: 'ome-container', image: 'acme/engine:1', args: ['--tp-size', '1']})
    const names = (resource: string) => at.kube.all(resource).map((object) => object.metadata.name)
    expect(names('services')).toEqual(['llama', 'llama-engine', 'llama-router'])
    expect(names('horizontalpodautoscalers.autoscaling')).toEqual(['llama-engine', 'llama-router'])
    expect(names('poddisruptionbudgets.policy')).toEqual(['llama-engine', 'llama-router'])
    expect(at.kube.read('services', 'llama', 'default')?.spec.selector).toMatchObject({component: 'router'})
    await eventually(async () => at.kube.all('events').some(({reason}) => reason === 'InferenceServiceReady'))
  })

  test('Ready does not look at the decoder', async () => {
    await at.call('POST', MODELS, model('tiny'))
    await at.call('POST', `${API}/clusterservingruntimes`, runtime('tiny-rt'))
    await at.call('POST', SERVICES, service('split', {decoder: {runner: {image: 'acme/none:1'}}}))
    await eventually(async () => at.is('split', 'Ready') === 'True')
    await eventually(async () => at.is('split', 'DecoderReady') === 'False')
    expect(at.is('split', 'Ready')).toBe('True')
  })
}

function ofChanges(at: Lab): void {
  test('why a service cannot be deployed stands in its status: model, runtime, none that fits', async () => {
    const failure = (name: string) => at.read(name)?.status?.modelStatus?.lastFailureInfo?.reason
    await at.call('POST', SERVICES, service('lost'))
    await eventually(async () => failure('lost') === 'BaseModelNotFound')
    await at.call('POST', MODELS, model('tiny'))
    await eventually(async () => failure('lost') === 'NoSupportingRuntime')
    await at.call('POST', SERVICES, service('named', {runtime: {name: 'nothing'}}))
    await eventually(async () => failure('named') === 'RuntimeNotRecognized')
    await at.call('POST', `${API}/clusterservingruntimes`, runtime('tiny-rt'))
    await eventually(async () => at.is('lost', 'Ready') === 'True')
    expect(at.read('lost')?.status.modelStatus.lastFailureInfo).toBeUndefined()
    at.ome.failService('lost', 'engine answers 500')
    await eventually(async () => failure('lost') === 'RuntimeUnhealthy')
  })

  test('another number of replicas scales, an external scaler leaves that to others, and deleting removes all', async () => {
    await at.call('POST', MODELS, model('tiny'))
    await at.call('POST', `${API}/clusterservingruntimes`, runtime('tiny-rt'))
    await at.call('POST', SERVICES, service('scaled'))
    await eventually(async () => at.is('scaled', 'Ready') === 'True')
    const replicas = () => at.kube.read('deployments.apps', 'scaled-engine', 'default')?.spec.replicas
    const patch = (body: object) => at.call('PATCH', `${SERVICES}/scaled`, body, 'application/merge-patch+json')
    await patch({spec: {engine: {minReplicas: 2, maxReplicas: 2}}})
    await eventually(async () => replicas() === 2)
    await patch({metadata: {annotations: {'ome.io/autoscalerClass': 'external'}}})
    await eventually(async () => at.kube.all('horizontalpodautoscalers.autoscaling').length === 0)
    expect(replicas()).toBe(2)
    await at.call('DELETE', `${SERVICES}/scaled`)
    await eventually(async () => at.read('scaled') === undefined && at.kube.all('pods').length === 0)
    expect(at.kube.all('deployments.apps')).toEqual([])
  })
}

describe('the simulator of OME', () => {
  const at = useLab()
  ofModels(at)
  ofServices(at)
  ofChanges(at)
})
