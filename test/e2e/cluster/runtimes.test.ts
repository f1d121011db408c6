import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {type ClusterHome, createClusterHome, kubeconfig} from './harness.ts'

const OME = '/apis/ome.io/v1beta1'

/** A home with a model `pine-ID` of an architecture of its own. */
async function homeWithPine(): Promise<ClusterHome> {
  const here = await createClusterHome({prefix: 'runtimes'})
  const spec = {
    ...{vendor: 'forest', modelArchitecture: `Pine${here.id}ForCausalLM`, modelParameterSize: '70.55B'},
    modelFormat: {name: 'safetensors', version: '1.0.0'},
    modelFramework: {name: 'transformers', version: '4.50.0'},
    storage: {storageUri: 'hf://forest/Pine-70B', path: '/raid/models/forest/pine'},
  }
  await makeModel(here, `pine-${here.id}`, spec)
  return here
}

const makeModel = (here: ClusterHome, name: string, spec: object) =>
  here.kube('POST', `${OME}/clusterbasemodels`, {
    apiVersion: 'ome.io/v1beta1',
    kind: 'ClusterBaseModel',
    metadata: {name},
    spec,
  })

let here: ClusterHome
beforeAll(async () => {
  if (kubeconfig !== undefined) here = await homeWithPine()
})
afterAll(() => here?.remove())

describe.skipIf(kubeconfig === undefined)('runtimes on a real API server', () => {
  it('a runtime is made from a template, copied, tested and suggested', async () => {
    const [own, copy, model] = [`own-${here.id}`, `copy-${here.id}`, `pine-${here.id}`]
    const template = [
      '--from-template',
      'vllm',
      '--model-arch',
      `Pine${here.id}ForCausalLM`,
      '--model-size',
      '70B',
      '--gpus',
      '4',
    ]
    const dry = await here.json('create', 'runtime', ...template, '--name', own, '--dry-run')
    expect(dry).toMatchObject({kind: 'ClusterServingRuntime', metadata: {name: own}})
    expect((await here.cli('describe', 'runtime', own)).code).toBe(4)

    await here.json('create', 'runtime', ...template, '--name', own, '--set', 'autoSelect=true')
    const made = await here.json(
      'create',
      'runtime',
      '--from',
      own,
      '--name',
      copy,
      '--set',
      'gpus=64',
      '--set',
      'tensorParallelism=64',
    )
    expect(made).toMatchObject({name: copy, gpus: 64, tensorParallel: 64, memoryBytes: 160 * 1024 ** 3})

    // No node of a test has that many.
    const tested = await here.cli('test', 'runtime', copy, '-o', 'json')
    expect(tested.code).toBe(9)
    const failed = JSON.parse(tested.stdout).checks.filter(({status}: {status: string}) => status === 'failed')
    expect(failed.map(({name}: {name: string}) => name)).toEqual(['devices'])

    const suggested = await here.json('runtime', 'suggest', model)
    expect(suggested).toMatchObject({selected: {runtime: {name: own}, score: 2}, recommended: {name: own}})
    expect(suggested.candidates.map((one: {runtime: {name: string}}) => one.runtime.name)).toEqual([own, copy])
    expect((await here.cli('runtime', 'suggest', model)).stdout).toMatch(new RegExp(`operator picks ${own}`))
  })

  it('a mistyped setting makes nothing and names the nearest', async () => {
    const {code, stderr} = await here.cli(
      'create',
      'runtime',
      '--from-template',
      'vllm',
      '--model-arch',
      'P',
      '--name',
      `x-${here.id}`,
      '--set',
      'gpu=2',
    )

    expect(code).toBe(2)
    expect(stderr).toContain("did you mean 'gpus'?")
    expect(await here.kube('GET', `${OME}/clusterservingruntimes/x-${here.id}`)).toBeUndefined()
  })
})

describe.skipIf(kubeconfig === undefined)('models and devices on a real API server', () => {
  it('a what-if needs no devices in the cluster', async () => {
    const found = await here.json('fit', `pine-${here.id}`, '--gpus', '4', '--gpu-memory', '80Gi')

    expect(found).toMatchObject({size: '70.55B', fits: [{fit: {verdict: 'fits', gpus: 4}}]})
  })

  it('devices are listed, and a model that nothing serves is exit status 9', async () => {
    for (const verb of ['list', 'available', 'usage']) expect((await here.cli('accelerators', verb)).code).toBe(0)
    expect(Array.isArray(await here.json('get', 'accelerators'))).toBe(true)
    const name = `oak-${here.id}`
    const spec = {modelFormat: {name: 'safetensors'}, storage: {storageUri: 'hf://forest/Oak'}}
    await makeModel(here, name, spec)
    const {code, stdout} = await here.cli('runtime', 'suggest', name)

    expect(code).toBe(9)
    expect(stdout).toContain(`no runtime for ${name}`)
  })
})
