import {randomBytes} from 'node:crypto'
import {mapLimit} from '@omni-cli/sdk'
import {callKube, readAccess} from '@omni-cli/testkit'
import {type BenchHome, createBenchHome, runProgram} from './home.ts'

/** Models and served models on the API server of `OMNI_TEST_KUBECONFIG`, without anything that runs. */
export interface ServingBench extends AsyncDisposable {
  readonly home: BenchHome
  /** The environment that the CLI has. */
  readonly env: NodeJS.ProcessEnv
  addModels(count: number): Promise<void>
  /** Services `from` to `to`; with `workloads` each with the Deployment of its engine. */
  addServices(from: number, to: number, options?: {readonly workloads?: boolean}): Promise<void>
  /** In the namespace of the services. */
  kubectl(...args: string[]): Promise<string>
}

const OME = '/apis/ome.io/v1beta1'

export async function createServingBench(): Promise<ServingBench> {
  const kubeconfig = process.env.OMNI_TEST_KUBECONFIG
  if (kubeconfig === undefined) throw new Error('OMNI_TEST_KUBECONFIG names the kubeconfig of a cluster for tests')
  const access = await readAccess(kubeconfig)
  const id = randomBytes(3).toString('hex')
  const namespace = `bench-${id}`
  const env = {...process.env, KUBECONFIG: kubeconfig}
  const cluster = (await runProgram(['kubectl', 'config', 'current-context'], env)).trim()
  const home = createBenchHome({KUBECONFIG: kubeconfig})
  home.write('.ome/config.yaml', `contexts: [{name: bench, cluster: '${cluster}', namespace: ${namespace}}]\n`)
  const call = async (method: string, path: string, body?: object) => {
    const reply = await callKube(access, method, path, {body})
    if (reply.code >= 400) throw new Error(`${method} ${path}: ${reply.code} ${reply.body.message}`)
  }
  await call('POST', '/api/v1/namespaces', {metadata: {name: namespace}})
  const add = (path: string, objects: readonly object[]) =>
    mapLimit(objects, 8, (object) => call('POST', path, object)).then(() => undefined)
  const numbers = (from: number, to: number) => Array.from({length: to - from}, (_, index) => from + index)
  const models: string[] = []
  return {
    home,
    env: {PATH: process.env.PATH, HOME: home.folder, OMNI_HOME: home.omniHome, NO_COLOR: '1', KUBECONFIG: kubeconfig},
    async addModels(count) {
      models.push(...numbers(0, count).map((index) => `bench-${index}-${id}`))
      await add(`${OME}/clusterbasemodels`, models.map(modelOf))
    },
    async addServices(from, to, {workloads = false} = {}) {
      const names = numbers(from, to).map((index) => `llama-${index}`)
      if (workloads) await add(`/apis/apps/v1/namespaces/${namespace}/deployments`, names.map(deploymentOf))
      await add(
        `${OME}/namespaces/${namespace}/inferenceservices`,
        names.map((name) => serviceOf(name, models[0] ?? 'm')),
      )
    },
    kubectl: (...args) => runProgram(['kubectl', '--namespace', namespace, ...args], env),
    async [Symbol.asyncDispose]() {
      await mapLimit(models, 8, (name) => call('DELETE', `${OME}/clusterbasemodels/${name}`))
      await call('DELETE', `/api/v1/namespaces/${namespace}`)
      await home.dispose()
    },
  }
}

const modelOf = (name: string) => ({
  apiVersion: 'ome.io/v1beta1',
  kind: 'ClusterBaseModel',
  metadata: {name},
  spec: {
    displayName: `acme.${name}`,
    vendor: 'acme',
    version: '1.0.0',
    modelArchitecture: 'LlamaForCausalLM',
    modelFormat: {name: 'safetensors', version: '1.0.0'},
    modelFramework: {name: 'transformers', version: '4.47.0'},
    modelParameterSize: '70.55B',
    modelCapabilities: ['TEXT_TO_TEXT'],
    storage: {storageUri: `hf://acme/${name}`, path: `/raid/models/acme/${name}`},
  },
})

const serviceOf = (name: string, model: string) => ({
  apiVersion: 'ome.io/v1beta1',
  kind: 'InferenceService',
  metadata: {name},
  spec: {model: {name: model}, runtime: {name: 'vllm-llama'}, engine: {minReplicas: 1, maxReplicas: 1}},
})

/** As the operator makes it, but that no pod is wanted. */
function deploymentOf(service: string): object {
  const labels = {'ome.io/inferenceservice': service, component: 'engine', app: `${service}-engine`}
  const limits = {cpu: '20', memory: '160Gi', 'nvidia.com/gpu': '4'}
  const containers = [{name: 'ome-container', image: 'omni-test/busybox:1', resources: {limits, requests: limits}}]
  const template = {metadata: {labels}, spec: {containers}}
  const spec = {replicas: 0, selector: {matchLabels: {app: labels.app}}, template}
  return {apiVersion: 'apps/v1', kind: 'Deployment', metadata: {name: `${service}-engine`, labels}, spec}
}
