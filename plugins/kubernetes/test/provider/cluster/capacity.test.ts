import {describe, expect, it} from 'vitest'
import {podRequest} from '../../../src/provider/cluster/amounts.ts'
import {capacityOf} from '../../../src/provider/cluster/capacity.ts'
import {quantityOf} from '../../../src/provider/cluster/quantity.ts'
import type {ContainerWire, PodWire} from '../../../src/provider/cluster/wire.ts'
import {ownerOf, workloadsOf} from '../../../src/provider/cluster/workloads.ts'

const GI = 2 ** 30

const node = (name: string, {labels, spec, ready = 'True', ...allocatable}: Record<string, unknown> = {}) => ({
  ...{apiVersion: 'v1', kind: 'Node', metadata: {name, labels: labels ?? {}}, spec: spec ?? {}},
  status: {
    allocatable: {cpu: '8', memory: '64Gi', pods: '110', ...allocatable},
    conditions: [{type: 'Ready', status: ready}],
  },
})

const container = (requests: Record<string, string>, limits: Record<string, string> = {}) => ({
  resources: {requests, limits},
})

interface Extra {
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly status?: {readonly phase: string}
}

const pod = (nodeName: string | undefined, containers: readonly ContainerWire[], extra: Extra = {}): PodWire => ({
  ...{apiVersion: 'v1', kind: 'Pod', metadata: {name: 'p', namespace: 'ml', ...extra.metadata}},
  spec: {containers, ...(nodeName === undefined ? {} : {nodeName})},
  status: {phase: 'Running', ...extra.status},
})

describe('a quantity', () => {
  it.each([
    ['250m', 0.25],
    ['2', 2],
    [3, 3],
    ['1.5', 1.5],
    ['.5', 0.5],
    ['80Gi', 80 * GI],
    ['1G', 1e9],
    ['1e3', 1000],
    ['5E', 5e18],
    ['129e6', 129e6],
    ['100n', 1e-7],
    ['-1', 0],
    ['', 0],
    ['many', 0],
    [undefined, 0],
  ])('%j is %d', (text, expected) => {
    expect(quantityOf(text)).toBeCloseTo(expected, 12)
  })
})

describe('what a pod reserves', () => {
  it('is the sum of its containers, limits where nothing is requested', () => {
    const spec = {
      containers: [container({cpu: '500m', memory: '1Gi'}), container({}, {cpu: '1', 'nvidia.com/gpu': '2'})],
    }

    expect(podRequest({spec})).toEqual({cpus: 1.5, memoryBytes: GI, gpus: 2, pods: 1})
  })

  it('is the largest step of its start when that is more, sidecars always counted', () => {
    const initContainers = [
      {...container({cpu: '1'}), restartPolicy: 'Always'},
      container({cpu: '4', memory: '1Gi'}),
      container({memory: '8Gi'}),
    ]

    expect(podRequest({spec: {initContainers, containers: [container({cpu: '2'})]}})).toEqual({
      ...{cpus: 5, memoryBytes: 8 * GI, gpus: 0, pods: 1},
    })
  })

  it('has the overhead of its runtime, and goes by the request of the pod itself', () => {
    const spec = {
      containers: [container({cpu: '1', memory: '1Gi'})],
      overhead: {memory: '1Gi'},
      resources: {requests: {cpu: '3'}},
    }

    expect(podRequest({spec})).toEqual({cpus: 3, memoryBytes: 2 * GI, gpus: 0, pods: 1})
  })
})

describe('the capacity of a cluster', () => {
  const gpus = {'nvidia.com/gpu': '8'}
  const labels = {'nvidia.com/gpu.product': 'NVIDIA-H100-80GB-HBM3', 'nvidia.com/gpu.memory': '81559'}

  it('is what nodes offer less what unfinished pods on them have reserved', () => {
    const pods = [
      pod('n2', [container({cpu: '2', 'nvidia.com/gpu': '6'})]),
      pod('n10', [container({'nvidia.com/gpu': '3'})]),
      pod('n2', [container({'nvidia.com/gpu': '8'})], {status: {phase: 'Succeeded'}}),
      pod(undefined, [container({'nvidia.com/gpu': '8'})], {status: {phase: 'Pending'}}),
    ]

    const capacity = capacityOf([node('n10', {...gpus, labels}), node('n2', {...gpus, labels})], pods)

    expect(capacity.nodes.map(({name, free}) => [name, free.gpus])).toEqual([
      ['n2', 2],
      ['n10', 5],
    ])
    expect(capacity.nodes[0]).toMatchObject({
      ...{gpuResource: 'nvidia.com/gpu', gpuModel: 'NVIDIA-H100-80GB-HBM3', gpuMemoryBytes: 81_559 * 2 ** 20},
      ...{requested: {cpus: 2, gpus: 6, pods: 1}, free: {cpus: 6, memoryBytes: 64 * GI, pods: 109}},
    })
    expect(capacity).toMatchObject({allocatable: {gpus: 16}, requested: {gpus: 9}, free: {gpus: 7}, largestFreeGpus: 5})
  })

  it('is never less than nothing', () => {
    const [first] = capacityOf([node('a')], [pod('a', [container({cpu: '9'})])]).nodes

    expect(first?.free.cpus).toBe(0)
  })

  it.each([
    ['NotReady', {ready: 'False'}],
    ['unknown whether it is ready', {ready: 'Unknown'}],
    ['cordoned', {spec: {unschedulable: true}}],
    ['disk-pressure', {spec: {taints: [{key: 'node.kubernetes.io/disk-pressure', effect: 'NoSchedule'}]}}],
    ['control plane only', {spec: {taints: [{key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule'}]}}],
  ])('counts nothing as free on a node that is %s', (reason, extra) => {
    const capacity = capacityOf([node('a', {...gpus, ...extra})], [])

    expect(capacity.nodes[0]).toMatchObject({usable: false, reason})
    expect(capacity).toMatchObject({free: {gpus: 0, cpus: 0}, largestFreeGpus: 0, allocatable: {gpus: 8}})
  })

  it('knows devices of other makers, and slices', () => {
    const taints = [{key: 'nvidia.com/gpu', effect: 'NoSchedule'}]
    const {nodes} = capacityOf(
      [
        node('amd', {'amd.com/gpu': '4', labels: {'amd.com/gpu.vram': '192G'}}),
        node('mig', {'nvidia.com/gpu': '0', 'nvidia.com/mig-1g.10gb': '7', spec: {taints}}),
        node('intel', {'gpu.intel.com/i915': '1'}),
        node('none', {'example.com/fpga': '3'}),
      ],
      [],
    )

    expect(nodes.map(({gpuResource, allocatable, usable}) => [gpuResource, allocatable.gpus, usable])).toEqual([
      ['amd.com/gpu', 4, true],
      ['gpu.intel.com/i915', 1, true],
      ['nvidia.com/mig-1g.10gb', 7, true],
      [undefined, 0, true],
    ])
    expect(nodes[0]?.gpuMemoryBytes).toBe(192 * GI)
  })
})

describe('who reserves', () => {
  const owned = (kind: string, name: string, labels: Record<string, string> = {}) => ({
    metadata: {labels, ownerReferences: [{kind, name, controller: true}]},
  })

  it.each([
    ['isvc/llama', owned('ReplicaSet', 'llama-engine-7d', {'ome.io/inferenceservice': 'llama'})],
    ['service/web', owned('ReplicaSet', 'web-7d', {'omni.service': 'web'})],
    ['Deployment/web', owned('ReplicaSet', 'web-7d', {'pod-template-hash': '7d'})],
    ['ReplicaSet/web-7d', owned('ReplicaSet', 'web-7d')],
    ['StatefulSet/db', owned('StatefulSet', 'db')],
    ['LeaderWorkerSet/big', owned('StatefulSet', 'big-0', {'leaderworkerset.sigs.k8s.io/name': 'big'})],
    ['Pod/p', {}],
  ])('is %s', (ref, extra) => {
    expect(ownerOf(pod('a', [], extra))).toBe(ref)
  })

  it('comes with all its pods, those that wait too, the most devices first', () => {
    const large = owned('ReplicaSet', 'llama-7d', {'ome.io/inferenceservice': 'llama'})
    const workloads = workloadsOf([
      pod('b', [container({cpu: '1'})]),
      pod('b', [container({'nvidia.com/gpu': '4'})], large),
      pod('a', [container({'nvidia.com/gpu': '4'})], large),
      pod(undefined, [container({'nvidia.com/gpu': '4'})], {...large, status: {phase: 'Pending'}}),
      pod('a', [container({'nvidia.com/gpu': '4'})], {...large, status: {phase: 'Failed'}}),
    ])

    expect(workloads).toEqual([
      {
        namespace: 'ml',
        ref: 'isvc/llama',
        pods: 3,
        requested: {cpus: 0, memoryBytes: 0, gpus: 12, pods: 3},
        nodes: ['a', 'b'],
      },
      {namespace: 'ml', ref: 'Pod/p', pods: 1, requested: {cpus: 1, memoryBytes: 0, gpus: 0, pods: 1}, nodes: ['b']},
    ])
  })
})
