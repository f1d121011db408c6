import type {Amounts, ClusterCapacity} from '@omni-cli/sdk'
import {type OutputFormat, paintFor, render, type View} from '@omni-cli/sdk/cli'
import {describe, expect, it} from 'vitest'
import {capacityView, largestText} from '../../src/cluster/capacity-view.ts'
import {clustersView} from '../../src/cluster/clusters.ts'
import {healthView} from '../../src/cluster/health-view.ts'
import {resourcesView} from '../../src/cluster/resources-view.ts'

async function shown(view: View, format: OutputFormat = 'table'): Promise<string[]> {
  let text = ''
  await render(view, {
    ...{format, paint: paintFor({isTTY: false}, {}, true), maxWidth: undefined, notice: () => undefined},
    async write(part) {
      text += part
    },
  })
  return text.trimEnd().split('\n')
}

const amounts = (cpus: number, gpus: number): Amounts => ({cpus, gpus, memoryBytes: cpus * 2 ** 30, pods: 110})

const capacity: ClusterCapacity = {
  nodes: [
    {
      ...{name: 'n1', usable: true, labels: {}, gpuModel: 'H100', gpuResource: 'nvidia.com/gpu'},
      ...{gpuMemoryBytes: 80 * 2 ** 30, allocatable: amounts(8, 8), requested: amounts(2, 4), free: amounts(6, 4)},
    },
    {
      ...{name: 'n2', usable: false, reason: 'cordoned', labels: {}},
      ...{allocatable: amounts(4, 0), requested: amounts(0, 0), free: amounts(4, 0)},
    },
  ],
  ...{allocatable: amounts(12, 8), requested: amounts(2, 4), free: amounts(6, 4), largestFreeGpus: 4},
}

describe('the capacity of a cluster', () => {
  it('is what is free of all, node by node, and the sum', async () => {
    expect(await shown(capacityView(capacity, {isTable: true}))).toEqual([
      'NODE   STATUS    GPUS  MODEL  CPUS    MEMORY',
      'n1     ready      4/8  H100    6/8   6Gi/8Gi',
      'n2     cordoned     -  -       4/4   4Gi/4Gi',
      'TOTAL  -          4/8  -      6/12  6Gi/12Gi',
    ])
    expect(largestText(capacity)).toBe('GPUs: 4 of 8 free, at most 4 on one node')
  })

  it('is whole for programs', async () => {
    const view = capacityView(capacity, {isTable: false})

    expect(JSON.parse((await shown(view, 'json')).join(''))).toMatchObject({
      largestFreeGpus: 4,
      nodes: [{name: 'n1'}, {}],
    })
    expect(await shown(view, 'name')).toEqual(['node/n1', 'node/n2'])
  })
})

describe('the health of a cluster', () => {
  it('ends with 9 when something has failed, and shows the way out', async () => {
    const view = healthView('lab', [
      {name: 'nodes', status: 'ok', message: '2 of 2 ready'},
      {name: 'ome controller', status: 'failed', message: 'it is \u001b[31mnot there', hint: 'omni get pods'},
      {name: 'webhooks', status: 'unknown', message: 'forbidden'},
    ])

    expect(await shown(view)).toEqual([
      'ok       nodes: 2 of 2 ready',
      'failed   ome controller: it is \\e[31mnot there',
      '         try: omni get pods',
      'unknown  webhooks: forbidden',
      '1 failed, 1 unknown',
    ])
    expect(view).toMatchObject({exitCode: 9, data: {healthy: false}})
  })

  it('that is all well says so', async () => {
    const view = healthView('lab', [{name: 'nodes', status: 'ok', message: 'fine'}])

    expect((await shown(view)).at(-1)).toBe('all is well')
    expect(view).toMatchObject({exitCode: 0})
  })
})

describe('lists', () => {
  it('of workloads show what they have reserved', async () => {
    const view = resourcesView([
      {namespace: 'ml', ref: 'isvc/llama', pods: 2, requested: amounts(0.5, 4), nodes: ['n1', 'n2']},
      {namespace: 'web', ref: 'service/a', pods: 1, requested: amounts(0, 0), nodes: []},
    ])

    expect(await shown(view, 'wide')).toEqual([
      'NAMESPACE  WORKLOAD    PODS  GPUS  CPUS  MEMORY  NODES',
      'ml         isvc/llama     2     4   0.5   512Mi  n1,n2',
      'web        service/a      1     -     -       -  -',
    ])
  })

  it('of clusters leave out contexts without one', async () => {
    const config = {
      ...{preferences: {}, plugins: [], aliases: {}},
      contexts: [{name: 'here'}, {name: 'lab', cluster: 'kind-lab', protected: true}],
    }

    expect(await shown(clustersView(config, 'lab'))).toEqual([
      'CURRENT  NAME  CLUSTER   NAMESPACE  PROTECTED',
      '*        lab   kind-lab  -          yes',
    ])
  })
})
