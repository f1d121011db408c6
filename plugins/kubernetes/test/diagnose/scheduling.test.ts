import {describe} from 'vitest'
import {rulesFind} from './rules-find.ts'
import {type Case, deployment, node, object, pod} from './world.ts'

const gpu = {'nvidia.com/gpu': '4'}
const short = '0/2 nodes are available: 2 Insufficient nvidia.com/gpu.'

const CASES: readonly Case[] = [
  {
    rule: 'gpus-missing',
    when: 'no node has enough devices free',
    facts: {
      pods: [pod({unscheduled: short, requests: gpu})],
      nodes: [node('n1', {gpus: 8}), node('n7', {gpus: 4})],
      allPods: [
        pod({name: 'other', node: 'n1', requests: {'nvidia.com/gpu': '8'}}),
        pod({name: 'more', node: 'n7', requests: {'nvidia.com/gpu': '2'}}),
      ],
    },
    message: 'GPUs missing: need 4, largest free 2 on n7',
  },
  {
    rule: 'gpus-none',
    when: 'no node has such devices at all',
    facts: {pods: [pod({unscheduled: short, requests: gpu})], nodes: [node('n1')]},
    message: 'no node of the cluster has nvidia.com/gpu: a replica needs 4',
  },
  {
    rule: 'gpus-for-rollout',
    when: 'the old pods hold what the new ones wait for',
    facts: {
      pods: [pod({unscheduled: short, requests: gpu}), pod({name: 'old', node: 'n1', requests: gpu, ready: true})],
      nodes: [node('n1', {gpus: 4})],
      deployments: [deployment({status: {replicas: 2, updatedReplicas: 1}})],
    },
    message: 'a rolling update needs room for one more replica, largest free 0 on n1',
  },
  {
    rule: 'cpu-missing',
    when: 'no node has so much CPU',
    facts: {
      pods: [pod({unscheduled: '0/1 nodes are available: 1 Insufficient cpu.', requests: {cpu: '64'}})],
      nodes: [node('n1')],
    },
    message: 'not enough CPU: a replica needs 64, most free 4 on n1',
  },
  {
    rule: 'memory-missing',
    when: 'no node has so much memory',
    facts: {
      pods: [pod({unscheduled: '0/1 nodes are available: 1 Insufficient memory.', requests: {memory: '64Gi'}})],
      nodes: [node('n1')],
    },
    message: 'not enough memory: a replica needs 64',
  },
  {
    rule: 'volume-unbound',
    when: 'a claim has no volume',
    facts: {
      pods: [pod({unscheduled: '1 pod has unbound immediate PersistentVolumeClaims.'})],
      claims: [object('PersistentVolumeClaim', 'data', {status: {phase: 'Pending'}, spec: {storageClassName: 'fast'}})],
    },
    message: "the volume claim 'data' has no volume",
  },
  {
    rule: 'volume-missing',
    when: 'a claim is not there',
    facts: {pods: [pod({unscheduled: 'persistentvolumeclaim "data" not found'})]},
    message: "the volume claim 'data' is not there",
  },
  {
    rule: 'volume-node',
    when: 'the volume is on another node',
    facts: {pods: [pod({unscheduled: '0/2 nodes are available: 2 node(s) had volume node affinity conflict.'})]},
    message: 'its volume is on a node',
  },
  {
    rule: 'taints',
    when: 'the nodes are tainted',
    facts: {
      pods: [
        pod({unscheduled: "0/1 nodes are available: 1 node(s) had taint {team: a}, that the pod didn't tolerate."}),
      ],
    },
    message: 'a taint that they do not tolerate: {team: a}',
  },
  {
    rule: 'node-selector',
    when: 'no node has the labels',
    facts: {
      pods: [
        pod({unscheduled: "0/1 nodes are available: 1 node(s) didn't match node selector.", selector: {zone: 'x'}}),
      ],
    },
    message: 'zone=x',
  },
  {
    rule: 'pod-limit',
    when: 'the nodes are full of pods',
    facts: {pods: [pod({unscheduled: '0/1 nodes are available: 1 Too many pods.'})]},
    message: 'as many pods as it takes',
  },
  {
    rule: 'anti-affinity',
    when: 'pods keep away from each other',
    facts: {pods: [pod({unscheduled: "0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules."})]},
    message: 'may not share a node',
  },
  {
    rule: 'not-placed',
    when: 'no scheduler has looked at a pod for an hour',
    facts: {pods: [pod({phase: 'Pending'})]},
    message: 'no scheduler has looked',
    severity: 'warning',
  },
]

describe('scheduling', () => {
  rulesFind(CASES)
})
