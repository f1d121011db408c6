import {describe, expect, it} from 'vitest'
import type {Parts} from '../../src/provider/inference/component.ts'
import {toService} from '../../src/provider/inference/map.ts'
import {deployment, inference, parts, pod, ready, unscheduled, waiting} from './objects.ts'

const failed = (reason: string, message: string) => ({
  observedGeneration: 1,
  conditions: [{type: 'Ready', status: 'False', message: 'engine is not ready'}],
  modelStatus: {transitionStatus: 'InvalidSpec', lastFailureInfo: {reason, message, time: '2026-01-01T00:01:00Z'}},
})
const notReady = {observedGeneration: 1, conditions: [{type: 'EngineReady', status: 'False', reason: 'Initializing'}]}
const down = {service: inference({status: notReady}), deployments: [deployment({ready: 0})]}

const CASES: readonly [string, Partial<Parts>, string, RegExp | undefined][] = [
  ['is running when the operator and all replicas say so', {}, 'running', undefined],
  [
    'is deploying before the operator has looked at it',
    {service: inference(), deployments: []},
    'deploying',
    /engine: the operator has not made it yet/,
  ],
  [
    'is deploying when the operator has not seen the last change',
    {service: inference({status: ready, metadata: {generation: 2}})},
    'deploying',
    /has not seen the last change/,
  ],
  [
    'is degraded with fewer ready replicas than wanted',
    {deployments: [deployment({replicas: 3, ready: 2})]},
    'degraded',
    /engine: 2 of 3 replicas are ready/,
  ],
  [
    'is deploying while pods are exchanged',
    {deployments: [deployment({replicas: 2, updated: 1})]},
    'deploying',
    /pods are being exchanged/,
  ],
  [
    'is degraded without its router, which Ready leaves out',
    {
      service: inference({spec: {router: {}}, status: ready}),
      deployments: [deployment(), deployment({component: 'router', ready: 0})],
      pods: [pod({component: 'router', status: waiting('ImagePullBackOff')})],
    },
    'degraded',
    /router: cannot pull the image 'acme\/server:1' \(ImagePullBackOff\): told/,
  ],
  [
    'is degraded when the decoder is not ready, which Ready leaves out',
    {
      service: inference({
        spec: {decoder: {}},
        status: {
          ...ready,
          conditions: [...ready.conditions, {type: 'DecoderReady', status: 'False', message: 'none'}],
        },
      }),
      deployments: [deployment(), deployment({component: 'decoder'})],
    },
    'degraded',
    /DecoderReady: none/,
  ],
  ['is stopped with no replicas on purpose', {deployments: [deployment({replicas: 0})]}, 'stopped', undefined],
  [
    'is failed when no runtime fits',
    {service: inference({status: failed('NoSupportingRuntime', 'none fits')}), deployments: []},
    'failed',
    /NoSupportingRuntime: none fits/,
  ],
  [
    'is failed when its program ends again and again',
    {
      ...down,
      pods: [pod({status: waiting('CrashLoopBackOff', {restartCount: 4, lastState: {terminated: {exitCode: 3}}})})],
    },
    'failed',
    /engine: its program ends with exit code 3 again and again \(4 restarts\)/,
  ],
  [
    'is deploying while no node has enough devices',
    {...down, pods: [pod({status: unscheduled('0/2 nodes are available: 2 Insufficient example.com/gpu.')})]},
    'deploying',
    /engine: no node has enough free devices: 0\/2 nodes/,
  ],
  [
    'is deploying while no node has the files of the model',
    {
      ...down,
      pods: [
        pod({
          spec: {nodeSelector: {'models.ome.io/clusterbasemodel.tiny-1b': 'Ready'}},
          status: unscheduled("0/2 nodes are available: 2 node(s) didn't match node selector."),
        }),
      ],
    },
    'deploying',
    /engine: no usable node has the files of model 'tiny-1b' yet/,
  ],
  [
    'is failed when a quota keeps pods from being made',
    {
      ...down,
      deployments: [
        deployment({ready: 0, conditions: [{type: 'ReplicaFailure', status: 'True', message: 'exceeded quota: q'}]}),
      ],
    },
    'failed',
    /engine: exceeded quota: q/,
  ],
  [
    'tells which finalizer keeps it',
    {service: inference({metadata: {deletionTimestamp: '2026-01-02T00:00:00Z', finalizers: ['a.io/f']}})},
    'degraded',
    /waits for the finalizer a\.io\/f/,
  ],
]

describe('the status of an inference service', () => {
  it.each(CASES)('%s', (_, given, status, reason) => {
    const service = toService(parts(given))

    expect(service.status).toBe(status)
    if (reason === undefined) expect(service.serving?.reason).toBeUndefined()
    else expect(service.serving?.reason).toMatch(reason)
  })
})

describe('a service of the mode Serverless', () => {
  const serverless = {annotations: {'ome.io/deploymentMode': 'Serverless'}}

  it('is running when the operator says so, also while nobody asks and it has no pods', () => {
    const service = inference({metadata: serverless, status: ready})

    expect(toService(parts({service, deployments: [deployment({replicas: 0})]})).status).toBe('running')
    expect(toService(parts({service, deployments: []})).status).toBe('running')
  })
})

describe('an inference service as a service', () => {
  it('tells its namespace, address, replicas and what it serves', () => {
    const service = toService(
      parts({
        service: inference({
          status: ready,
          spec: {engine: {minReplicas: 2, maxReplicas: 5}},
          metadata: {labels: {team: 'x'}},
        }),
        deployments: [deployment({replicas: 3, gpus: 2})],
        model: {
          apiVersion: 'ome.io/v1beta1',
          kind: 'ClusterBaseModel',
          metadata: {name: 'tiny-1b'},
          spec: {modelParameterSize: '1.2B'},
        },
      }),
    )

    expect(service).toMatchObject({
      ...{name: 'chat', project: 'lab', desiredReplicas: 3, runningReplicas: 3},
      endpoints: [{url: 'http://chat.lab.svc.cluster.local:8080', via: 'domain'}],
      spec: {image: 'acme/server:1', replicas: 'auto', labels: {team: 'x'}},
      serving: {
        ...{model: 'tiny-1b', size: '1.2B', vendor: 'acme', runtime: 'fast-runtime', runtimeBy: 'selected'},
        ...{mode: 'RawDeployment', gpus: 6},
        components: [
          {name: 'engine', ready: 3, desired: 3, gpus: 2, memoryBytes: 8 * 1024 ** 3, minReplicas: 2, maxReplicas: 5},
        ],
      },
    })
  })

  it('says that a runtime was named when the spec names one', () => {
    const {serving} = toService(parts({service: inference({spec: {runtime: {name: 'mine'}}, status: ready})}))

    expect(serving).toMatchObject({runtime: 'mine', runtimeBy: 'named'})
  })

  it('calls pods as logs do: the oldest that lives is the first', () => {
    const running = {phase: 'Running', conditions: [{type: 'Ready', status: 'True'}], podIP: '10.0.0.7'}
    const young = pod({name: 'b', status: running, metadata: {creationTimestamp: '2026-01-03T00:00:00Z'}})
    const old = pod({name: 'a', status: waiting('CrashLoopBackOff')})
    const {replicas} = toService(parts({pods: [young, old]}))

    expect(replicas.map(({name, status, address}) => [name, status, address])).toEqual([
      ['chat-0', 'backoff', undefined],
      ['chat-1', 'ready', '10.0.0.7:8080'],
    ])
  })

  it('counts the devices of a group of several nodes', () => {
    const container = (gpus: number) => ({containers: [{name: 'c', resources: {limits: {'example.com/gpu': gpus}}}]})
    const set = {
      apiVersion: 'leaderworkerset.x-k8s.io/v1',
      kind: 'LeaderWorkerSet',
      metadata: {
        name: 'lws-chat-engine',
        namespace: 'lab',
        labels: {'ome.io/inferenceservice': 'chat', component: 'engine'},
      },
      spec: {
        replicas: 1,
        leaderWorkerTemplate: {size: 3, leaderTemplate: {spec: container(4)}, workerTemplate: {spec: container(8)}},
      },
      status: {replicas: 1, readyReplicas: 1, updatedReplicas: 1},
    }

    expect(toService(parts({deployments: [], sets: [set]})).serving?.gpus).toBe(20)
  })

  it('is not shaken by fields of other types, as another version of OME may have them', () => {
    const odd = inference({spec: {model: 'x', engine: 7, runtime: []}, status: {conditions: 'none', url: 12}})

    expect(toService(parts({service: odd, deployments: []}))).toMatchObject({name: 'chat', endpoints: []})
  })
})
