import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {type FakeKube, startFakeKube} from '@omni-cli/testkit'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {createHome, omni, removeHome} from './harness.ts'

const gpuNode = {
  ...{apiVersion: 'v1', kind: 'Node'},
  metadata: {
    name: 'gpu-1',
    labels: {'nvidia.com/gpu.product': 'NVIDIA-H100-80GB-HBM3', 'nvidia.com/gpu.memory': '81559'},
  },
  status: {
    allocatable: {cpu: '64', memory: '512Gi', pods: '110', 'nvidia.com/gpu': '8'},
    conditions: [{type: 'Ready', status: 'True'}],
  },
}

const pod = {
  ...{
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {name: 'busy', namespace: 'default', labels: {'ome.io/inferenceservice': 'llama'}},
  },
  spec: {
    nodeName: 'gpu-1',
    containers: [{name: 'ome-container', image: 'x', resources: {requests: {cpu: '500m', 'nvidia.com/gpu': '6'}}}],
  },
}

let home: string
let kube: FakeKube
beforeAll(async () => {
  home = await createHome()
  kube = await startFakeKube({objects: [gpuNode, pod]})
})
afterAll(async () => {
  await kube[Symbol.asyncDispose]()
  await removeHome(home)
})

const cli = (...args: string[]) => omni(args, {home, env: {KUBECONFIG: kube.kubeconfig}})
const json = async (...args: string[]) => JSON.parse((await cli(...args, '-o', 'json')).stdout)

describe('omni cluster', () => {
  it('connects to the current context of the kubeconfig, and again without a change', async () => {
    expect(await json('cluster', 'connect', '--yes')).toMatchObject({context: 'fake', created: true, switched: true})
    expect(await json('cluster', 'connect', '--yes')).toMatchObject({created: false, changed: [], switched: false})
    expect(
      await json('cluster', 'connect', '--context', 'fake-viewer', '--name', 'viewer', '--protected'),
    ).toMatchObject({
      ...{context: 'viewer', cluster: 'fake-viewer', protected: true, switched: false},
    })
    expect((await cli('cluster', 'list', '-o', 'name')).stdout).toBe('context/fake\ncontext/viewer\n')
  })

  it('has kinds that can be explained, and says so of those that it does not have', async () => {
    expect(await json('explain', 'model.spec.storage')).toMatchObject({
      path: 'ClusterBaseModel.spec.storage',
      fields: expect.arrayContaining([expect.objectContaining({path: 'storageUri', type: 'a text'})]),
    })
    expect(await cli('explain', 'modle')).toMatchObject({code: 2, stderr: expect.stringContaining("no kind 'modle'")})
  })

  it('needs to know which context is meant where nobody can be asked', async () => {
    const {code, stderr} = await cli('cluster', 'connect')

    expect(code).toBe(2)
    expect(stderr).toContain('omni cluster connect --context fake')
    expect((await cli('cluster', 'connect', '--context', 'nope')).code).toBe(4)
  })

  it('writes nothing for a cluster that does not answer', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'omni-nobody-'))
    try {
      const file = join(folder, 'config')
      const text = await readFile(kube.kubeconfig, 'utf8')
      await writeFile(file, text.replaceAll(kube.url, 'http://127.0.0.1:1'))

      const {code, stderr} = await cli(
        'cluster',
        'connect',
        '--kubeconfig',
        file,
        '--context',
        'fake',
        '--name',
        'dead',
      )

      expect(code).toBe(7)
      expect(stderr).toContain('nothing listens there')
      expect((await cli('cluster', 'list', '-o', 'name')).stdout).not.toContain('dead')
    } finally {
      await rm(folder, {recursive: true})
    }
  })

  it('tells health, with 9 when something has failed', async () => {
    const {code, stdout} = await cli('cluster', 'health')

    expect(code).toBe(9)
    expect(stdout).toContain('ok       nodes: 2 of 2 ready')
    expect(stdout).toContain('failed   ome controller: there is no Deployment')
  })

  it('tells what is free, and who has reserved the rest', async () => {
    const {stdout, stderr} = await cli('cluster', 'capacity')
    const lines = stdout.split('\n')

    expect(lines.find((line) => line.startsWith('gpu-1'))).toMatch(/ready +2\/8 +NVIDIA-H100-80GB-HBM3 +63\.5\/64/)
    expect(stderr).toContain('GPUs: 10 of 16 free, at most 8 on one node')
    expect(await json('cluster', 'capacity')).toMatchObject({largestFreeGpus: 8})
    expect(await json('cluster', 'resources')).toMatchObject([
      {ref: 'isvc/llama', requested: {gpus: 6}, nodes: ['gpu-1']},
    ])
  })

  it('says what another user may not do, by the context in use', async () => {
    expect((await cli('cluster', 'use', 'viewer')).code).toBe(0)
    const {code, stderr} = await cli('cluster', 'capacity')

    expect(code).toBe(7)
    expect(stderr).toMatch(/cannot list resource "(nodes|pods)"/)
    expect((await cli('cluster', 'use', 'default')).code).toBe(4)
  })
})
