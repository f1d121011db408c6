import {poll} from '@omni-cli/sdk'
import {type FakeKube, type FakeKubeOptions, startFakeKube} from '@omni-cli/testkit'
import {describe, expect, it} from 'vitest'
import {acceleratorClass, gpuNode, gpuPod, model, runtime, SHAPE_70B} from './objects.ts'
import {type CatalogPlace, openCatalog} from './open-catalog.ts'

type Objects = NonNullable<FakeKubeOptions['objects']>

async function setup(objects: Objects = [], place: Partial<CatalogPlace> = {}, options: FakeKubeOptions = {}) {
  const kube: FakeKube = await startFakeKube({...options, objects: [gpuNode('node1', 0), ...objects]})
  const open = await openCatalog({kubeconfig: kube.kubeconfig, cluster: 'fake', ...place})
  return {
    ...{kube, catalog: open.catalog, client: open.client},
    [Symbol.asyncDispose]: async () => {
      await open[Symbol.asyncDispose]()
      await kube[Symbol.asyncDispose]()
    },
  }
}

const agentMap = (node: string, data: Readonly<Record<string, unknown>>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {name: node, namespace: 'ome', labels: {'models.ome/basemodel-status': 'true'}},
  data: Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  ),
})

describe('models', () => {
  it('are those of the cluster and of the namespace, with what their status says', async () => {
    await using here = await setup([
      model('pine', {}, {status: {state: 'Ready', nodesReady: ['n1'], nodesFailed: ['n2']}}),
      model('oak', {disabled: true}, {status: {state: 'In_Transit'}}),
      model('elm', {}, {status: {nodesFailed: ['n2']}}),
      model('own', {}, {namespace: 'default'}),
      model('far', {}, {namespace: 'other'}),
    ])
    const models = await here.catalog.models.list()

    expect(models.map(({name, status}) => [name, status])).toEqual([
      ['elm', 'failed'],
      ['oak', 'importing'],
      ['own', 'unknown'],
      ['pine', 'ready'],
    ])
    expect(models.at(-1)).toMatchObject({
      ...{source: 'hf://forest/pine', size: '70.55B', parameters: 70_550_000_000, architecture: 'PineForCausalLM'},
      ...{format: {name: 'safetensors', version: '1.0.0'}, nodesReady: ['n1'], nodesFailed: ['n2']},
    })
    expect((await here.catalog.models.list({allProjects: true})).map(({name}) => name)).toContain('far')
  })

  it('one tells how far each node is, and broken entries are passed over', async () => {
    const progress = {phase: 'Downloading', totalBytes: 100, completedBytes: 40, speedBytesPerSec: 10}
    await using here = await setup([
      model('pine'),
      agentMap('n1', {
        'clusterbasemodel.pine': {name: 'pine', status: 'Ready', config: {decodedModelConfiguration: SHAPE_70B}},
      }),
      agentMap('n2', {'clusterbasemodel.pine': {status: 'Updating', progress}}),
      agentMap('n3', {'clusterbasemodel.pine': 'half a '}),
      agentMap('n4', {'clusterbasemodel.oak': {status: 'Failed'}}),
    ])
    const pine = await here.catalog.models.get('pine')

    expect(pine?.nodes).toMatchObject([
      {node: 'n1', status: 'ready'},
      {
        node: 'n2',
        status: 'downloading',
        phase: 'Downloading',
        completedBytes: 40,
        totalBytes: 100,
        bytesPerSecond: 10,
      },
    ])
    expect(pine?.nodes).toHaveLength(2)
    expect(pine?.configuration).toMatchObject({num_hidden_layers: 80})
  })

  it('of the namespace go before those of the cluster', async () => {
    await using here = await setup([model('pine', {vendor: 'a'}), model('pine', {vendor: 'b'}, {namespace: 'default'})])

    expect(await here.catalog.models.get('pine')).toMatchObject({vendor: 'b', namespace: 'default'})
  })

  it('are created with a path, which the agent needs', async () => {
    await using here = await setup()
    await here.catalog.models.create({name: 'pine', source: 'hf://forest/Pine-70B@abc', vendor: 'forest', secret: 'hf'})

    expect(here.kube.read('clusterbasemodels.ome.io', 'pine')?.spec).toMatchObject({
      storage: {storageUri: 'hf://forest/Pine-70B@abc', path: '/raid/models/forest/pine', key: 'hf'},
    })
  })

  it('with a source that OME cannot read are refused before anything is asked', async () => {
    await using here = await setup()
    const before = here.kube.requests.length

    await expect(here.catalog.models.create({name: 'p', source: 'oci://registry/model:tag'})).rejects.toMatchObject({
      code: 'INVALID',
    })
    expect(here.kube.requests.length).toBe(before)
  })
})

describe('models that change', () => {
  it('an update that moves the source says that nothing is fetched', async () => {
    await using here = await setup([model('pine')])
    const notes: string[] = []
    await here.catalog.models.update?.(
      'pine',
      {name: 'pine', source: 'hf://forest/Pine-8B'},
      {onProgress: (note) => notes.push(note)},
    )

    expect(notes.join()).toContain('starts no download')
    expect((await here.catalog.models.get('pine'))?.source).toBe('hf://forest/Pine-8B')
  })

  it('a removed one is waited for while a finalizer holds it', async () => {
    await using here = await setup([
      model('pine', {}, {metadata: {finalizers: ['clusterbasemodels.ome.io/finalizer']}}),
    ])
    const removing = here.catalog.models.remove('pine')
    const held = () => here.kube.read('clusterbasemodels.ome.io', 'pine')?.metadata.deletionTimestamp
    await poll({everyMs: 10, timeoutMs: 10_000}, () => held() !== undefined)
    const kind = await here.client.findKind('clusterbasemodels.ome.io')
    if (kind === undefined) throw new Error('no kind')
    await here.client.patch({kind, name: 'pine'}, {metadata: {finalizers: null}})
    await removing

    expect(await here.catalog.models.get('pine')).toBeUndefined()
  })
})

describe('devices', () => {
  const nodes = [gpuNode('n1', 8), gpuNode('n2', 4), gpuPod('busy', 'n1', 6)]

  it('are counted by class, with what one node has free', async () => {
    await using here = await setup([...nodes, acceleratorClass('pine-80'), acceleratorClass('none', {discovery: {}})])

    expect(await here.catalog.accelerators?.list()).toMatchObject([
      {name: 'none', total: 0, declared: true},
      {
        ...{name: 'pine-80', nodes: ['n1', 'n2'], total: 12, used: 6, free: 6, largestFree: 4},
        ...{perHour: 2.5, memoryBytes: 80 * 1024 ** 3, declared: true},
      },
    ])
  })

  it('without classes are made out from the nodes, at the price of the configuration', async () => {
    await using here = await setup(nodes, {settings: {'gpu-price': {'PINE-80GB': 3}}})

    expect(await here.catalog.accelerators?.list()).toMatchObject([
      {
        name: 'PINE-80GB',
        vendor: 'nvidia',
        total: 12,
        free: 6,
        perHour: 3,
        declared: false,
        memoryBytes: 81_559 * 1024 ** 2,
      },
    ])
  })
})

describe('suggestions', () => {
  const small = runtime('a-small', 2)
  const sized = runtime('b-sized', 4, {modelSizeRange: {min: '60B', max: '75B'}})
  const other = runtime('c-other', 4, {modelSizeRange: {min: '1B', max: '9B'}})

  it('tell what the operator picks and recommend what fits', async () => {
    const nodes = [gpuNode('n1', 4, {'nvidia.com/gpu.memory': '40960'})]
    await using here = await setup([model('pine', {modelConfiguration: SHAPE_70B}), small, sized, other, ...nodes])
    const answer = await here.catalog.selection?.suggest('pine')

    expect(answer?.selected?.runtime.name).toBe('a-small')
    expect(answer?.selected?.fit.verdict).toBe('no')
    expect(answer?.recommended).toMatchObject({
      name: 'b-sized',
      reason: expect.stringContaining("'a-small', which the operator would pick, fits worse"),
    })
    expect(answer?.excluded).toEqual([
      {name: 'c-other', reason: 'model size 70.55B is outside supported range [1B, 9B]'},
    ])
    expect(answer?.warnings.join('\n')).toContain("the operator would pick 'a-small': does not fit")
    expect(answer?.warnings.join('\n')).toContain('2 runtimes have the same score')
  })

  it('look at what is free on single nodes', async () => {
    const nodes = [gpuNode('n1', 4), gpuNode('n2', 4), gpuPod('p1', 'n1', 2), gpuPod('p2', 'n2', 1)]
    await using here = await setup([model('pine', {modelConfiguration: SHAPE_70B}), sized, ...nodes])
    const fit = (await here.catalog.selection?.suggest('pine'))?.selected?.fit

    expect(fit).toMatchObject({
      verdict: 'no',
      reason: expect.stringContaining('largest free is 3 on n2; in memory it would fit'),
    })
  })

  it('of a model that nothing serves have the operator’s message', async () => {
    await using here = await setup([model('pine', {quantization: 'fp8'}), small])
    const answer = await here.catalog.selection?.suggest('pine')

    expect(answer).toMatchObject({
      candidates: [],
      error: expect.stringContaining('no runtime found'),
      recommended: undefined,
    })
    expect(answer?.excluded[0]?.reason).toContain('model has quantization fp8')
  })

  it('of a model that is not there are NOT_FOUND', async () => {
    await using here = await setup()

    await expect(here.catalog.selection?.suggest('nope')).rejects.toMatchObject({code: 'NOT_FOUND'})
  })

  it('what-if asks for as many devices as it takes', async () => {
    await using here = await setup([gpuNode('n1', 8)])
    const fits = await here.catalog.selection?.fit({size: '70.55B', configuration: SHAPE_70B})
    const supposed = await here.catalog.selection?.fit({size: '70.55B'}, {gpuMemoryBytes: 24 * 1024 ** 3, gpus: 1})

    expect(fits).toMatchObject([{accelerator: 'PINE-80GB', fit: {verdict: 'fits', gpus: 4}}])
    expect(supposed).toMatchObject([{fit: {verdict: 'no', gpus: 1, longestContext: 0}}])
    await expect(here.catalog.selection?.fit({size: '7B'}, {accelerator: 'none'})).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })
})

describe('tokens', () => {
  it('are kept in a Secret of the operator’s namespace or of another', async () => {
    await using here = await setup()
    const {credentials} = here.catalog
    await credentials?.put('hf', 'hf_secret')
    await credentials?.put('hf', 'hf_other', {namespace: 'default'})

    expect(await credentials?.has('hf')).toBe(true)
    expect(await credentials?.has('nope')).toBe(false)
    expect(here.kube.read('secrets', 'hf', 'ome')?.data).toEqual({token: Buffer.from('hf_secret').toString('base64')})
    expect(here.kube.requests.some((request) => JSON.stringify(request).includes('hf_secret'))).toBe(false)
  })
})

describe('clusters that are otherwise', () => {
  it('without OME: UNSUPPORTED that says what to do, and check is not ok', async () => {
    await using here = await setup([], {}, {ome: false})

    for (const ask of [here.catalog.models.list(), here.catalog.models.get('pine'), here.catalog.runtimes.list()]) {
      await expect(ask).rejects.toMatchObject({code: 'UNSUPPORTED', hint: 'omni cluster health'})
    }
    expect(await here.catalog.check()).toMatchObject({ok: false, hint: 'omni cluster health'})
  })

  it('a user who may do nothing is told so', async () => {
    await using here = await setup([model('pine')], {cluster: 'fake-viewer'})

    await expect(here.catalog.models.list()).rejects.toMatchObject({code: 'FORBIDDEN'})
  })

  it('a protected context changes nothing', async () => {
    await using here = await setup([model('pine')], {isProtected: true})

    await expect(here.catalog.models.remove('pine')).rejects.toMatchObject({code: 'FORBIDDEN'})
    await expect(here.catalog.models.create({name: 'oak', source: 'hf://forest/oak'})).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
    expect((await here.catalog.models.list()).map(({name}) => name)).toEqual(['pine'])
  })

  it('fields of another version are absent, never a failure', async () => {
    const odd = {
      apiVersion: 'ome.io/v1beta1',
      kind: 'ClusterBaseModel',
      metadata: {name: 'odd'},
      spec: {storage: 'x', modelFormat: 7, modelCapabilities: 'y'},
    }
    const bare = {
      apiVersion: 'ome.io/v1beta1',
      kind: 'ClusterServingRuntime',
      metadata: {name: 'bare'},
      spec: {engineConfig: {runner: 3}},
    }
    await using here = await setup([odd, bare])

    expect(await here.catalog.models.list()).toMatchObject([{name: 'odd', source: '', status: 'unknown'}])
    expect(await here.catalog.runtimes.list()).toMatchObject([{name: 'bare', image: '', architectures: []}])
  })
})
