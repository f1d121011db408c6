import {mkdtemp, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {createHttp, type DriverContext, poll, type ServiceEngine, type ServingFacet, silentLogger} from '@omni-cli/sdk'
import {type FakeKube, type FakeKubeOptions, type KubeObject, startFakeKube, startOmeSimulator} from '@omni-cli/testkit'
import type {KubeClient} from '../../src/client/kube-client.ts'
import {openClient} from '../../src/client/open-client.ts'
import {createCatalog} from '../../src/provider/catalog/index.ts'
import {createServices} from '../../src/provider/service-engine.ts'

/** What the commands see of one namespace of a cluster. */
export interface View extends AsyncDisposable {
  readonly client: KubeClient
  readonly engine: ServiceEngine
  readonly serving: ServingFacet
}

export async function openView(place: {
  readonly kubeconfig: string
  readonly cluster: string
  readonly namespace: string
  readonly isProtected?: boolean | undefined
}): Promise<View> {
  const home = await mkdtemp(join(tmpdir(), 'omni-serving-'))
  const {kubeconfig, cluster, namespace, isProtected} = place
  const context: DriverContext = {
    ...{home, env: process.env, context: 'lab', namespace, cluster, log: silentLogger, isProtected},
    ...{notice: () => undefined, http: createHttp({log: silentLogger})},
    exec: () => Promise.reject(new Error('nothing is executed here')),
  }
  const settings = {kubeconfig}
  const client = await openClient(context, settings)
  const {serving} = createCatalog(client, {context, settings})
  if (serving === undefined) throw new Error('the catalogue serves no models')
  return {
    ...{client, serving, engine: createServices(client)},
    [Symbol.asyncDispose]: () => rm(home, {recursive: true, force: true, maxRetries: 5}),
  }
}

const ome = (kind: string, name: string, spec: object, namespace?: string): KubeObject => ({
  ...{apiVersion: 'ome.io/v1beta1', kind, spec},
  metadata: {name, ...(namespace === undefined ? {} : {namespace})},
})

/** A small model of an invented kind. */
export const model = (name: string): KubeObject =>
  ome('ClusterBaseModel', name, {
    ...{
      modelFormat: {name: 'safetensors', version: '1.0.0'},
      modelFramework: {name: 'transformers', version: '4.40.0'},
    },
    ...{modelArchitecture: `${name}Arch`, modelParameterSize: '1B', vendor: 'acme'},
    storage: {storageUri: `hf://acme/${name}`, path: `/models/${name}`},
  })

interface RuntimeInput {
  readonly image?: string
  readonly command?: readonly string[]
  readonly gpus?: number
  readonly hasRouter?: boolean
}

/** A runtime for the model of that name; its program answers /v1/models. */
export function runtime(name: string, forModel: string, input: RuntimeInput = {}): KubeObject {
  const {image = 'acme/vllm:1', command, gpus = 0, hasRouter = false} = input
  const limits = {memory: '32Mi', ...(gpus === 0 ? {} : {'nvidia.com/gpu': String(gpus)})}
  const runner = (container: string) => ({
    ...{name: container, image, ports: [{containerPort: 8080}], ...(command === undefined ? {} : {command})},
    resources: {limits},
  })
  return ome('ClusterServingRuntime', name, {
    supportedModelFormats: [
      {
        ...{modelFormat: {name: 'safetensors', version: '1.0.0'}, modelArchitecture: `${forModel}Arch`},
        ...{modelFramework: {name: 'transformers', version: '4.40.0'}, autoSelect: true, priority: 1},
      },
    ],
    engineConfig: {runner: runner('ome-container')},
    ...(hasRouter ? {routerConfig: {runner: runner('router')}} : {}),
  })
}

/** A cluster in memory, with an operator. */
export interface FakeLab extends View {
  readonly kube: FakeKube
  readonly notes: readonly string[]
  readonly onProgress: (note: string) => void
}

/** The agents have said of each model whether its files are there. */
async function modelsKnown(kube: FakeKube, objects: readonly KubeObject[]): Promise<void> {
  const names = objects.flatMap(({kind, metadata}) => (kind === 'ClusterBaseModel' ? [metadata.name ?? ''] : []))
  const isKnown = (name: string) =>
    ['Ready', 'Failed'].includes(kube.read('clusterbasemodels.ome.io', name)?.status?.state)
  await poll({everyMs: 5, timeoutMs: 10_000}, () => names.every(isKnown))
}

export async function openFakeLab(
  options: FakeKubeOptions & {readonly isProtected?: boolean; readonly hasOperator?: boolean} = {},
): Promise<FakeLab> {
  const {isProtected, hasOperator = true, ...rest} = options
  const kube = await startFakeKube(rest)
  const operator = hasOperator
    ? await startOmeSimulator({
        cluster: {kubeconfig: kube.kubeconfig, context: 'fake'},
        download: {totalBytes: 10, files: 1, steps: 1, stepMs: 1},
      })
    : undefined
  if (hasOperator) await modelsKnown(kube, rest.objects ?? [])
  const view = await openView({kubeconfig: kube.kubeconfig, cluster: 'fake', namespace: 'default', isProtected})
  const notes: string[] = []
  return {
    ...view,
    ...{kube, notes, onProgress: (note) => void notes.push(note)},
    async [Symbol.asyncDispose]() {
      await operator?.[Symbol.asyncDispose]()
      await view[Symbol.asyncDispose]()
      await kube[Symbol.asyncDispose]()
    },
  }
}
