import type {Accelerator, ApiObject, ClusterCapacity, ServingChange} from '@omni-cli/sdk'
import {describe, expect, it} from 'vitest'
import {autoscaleSettings} from '../../src/provider/inference/serve/autoscale.ts'
import {chooseRuntime} from '../../src/provider/inference/serve/choose-runtime.ts'
import {deviceObstacle, devicePrice} from '../../src/provider/inference/serve/devices.ts'
import {restartsPods} from '../../src/provider/inference/serve/exchange.ts'
import {inferenceService} from '../../src/provider/inference/serve/manifest.ts'
import {changedFields, mergePatch} from '../../src/provider/inference/serve/merge-patch.ts'
import {refuseCanary} from '../../src/provider/inference/serve/plan-deploy.ts'
import {runtimeParts} from '../../src/provider/inference/serve/runtime-parts.ts'
import type {Surroundings} from '../../src/provider/inference/serve/surroundings.ts'
import {parseAssignments, withAssignments} from '../../src/provider/inference/serve/typed-set.ts'
import {wantedService} from '../../src/provider/inference/serve/wanted.ts'
import {inference} from './objects.ts'

const object = (kind: string, name: string, spec: object, status?: object): ApiObject => ({
  ...{apiVersion: 'ome.io/v1beta1', kind, metadata: {name}, spec},
  ...(status === undefined ? {} : {status}),
})

const format = {name: 'safetensors', version: '1.0.0'}
const model = (more: object = {}, status: object = {state: 'Ready', nodesReady: ['n1']}): ApiObject =>
  object('ClusterBaseModel', 'tiny-1b', {modelFormat: format, modelArchitecture: 'TinyForCausalLM', ...more}, status)
const runtime = (name: string, more: object = {}): ApiObject =>
  object('ClusterServingRuntime', name, {
    supportedModelFormats: [{modelFormat: format, modelArchitecture: 'TinyForCausalLM', autoSelect: true, priority: 1}],
    engineConfig: {runner: {image: 'acme/vllm:1', resources: {limits: {'example.com/gpu': '2'}}}},
    ...more,
  })
const accelerator = (name: string, more: Partial<Accelerator> = {}): Accelerator => ({
  ...{name, nodes: [], total: 8, used: 0, free: 8, largestFree: 8, declared: true},
  ...more,
})
const around = (more: Partial<Surroundings> = {}): Surroundings => ({
  ...{model: model(), runtimes: [runtime('fast')], capacity: undefined, accelerators: []},
  ...more,
})
const question = {model: 'tiny-1b', namespace: 'lab'}

describe('choosing a runtime', () => {
  it('takes the one of the rule when none is named', () => {
    expect(chooseRuntime(around(), question)).toMatchObject({by: 'selected', runtime: {name: 'fast', gpusPerPod: 2}})
  })

  it.each<[string, Partial<Surroundings>, object, {code: string; message: RegExp}]>([
    ['a model that is not there', {model: undefined}, {}, {code: 'NOT_FOUND', message: /there is no model 'tiny-1b'/}],
    ['a disabled model', {model: model({disabled: true})}, {}, {code: 'CONFLICT', message: /is disabled/}],
    ['a runtime that is not there', {runtimes: []}, {runtime: 'none'}, {code: 'NOT_FOUND', message: /runtime 'none'/}],
    [
      'a disabled runtime',
      {runtimes: [runtime('off', {disabled: true})]},
      {runtime: 'off'},
      {code: 'CONFLICT', message: /runtime off is disabled/},
    ],
    [
      'no runtime that fits',
      {
        runtimes: [runtime('big', {modelSizeRange: {min: '60B', max: '75B'}})],
        model: model({modelParameterSize: '1B'}),
      },
      {},
      {code: 'CONFLICT', message: /outside supported range \[60B, 75B\]/},
    ],
    [
      'a class of devices that is not there',
      {accelerators: [accelerator('a100')]},
      {accelerator: 'a10'},
      {code: 'NOT_FOUND', message: /no AcceleratorClass 'a10'/},
    ],
  ])('refuses %s', (_, given, asked, error) => {
    expect(() => chooseRuntime(around(given), {...question, ...asked})).toThrow(
      expect.objectContaining({code: error.code, message: expect.stringMatching(error.message)}),
    )
  })

  it('tells everything that is wrong at once', () => {
    const all = () =>
      chooseRuntime(around({model: undefined, runtimes: []}), {...question, runtime: 'none', accelerator: 'x'})

    expect(all).toThrow(/model 'tiny-1b'[\s\S]*AcceleratorClass 'x'[\s\S]*runtime 'none'/)
  })

  it('tells a model that is on no node as what is in the way, not as a mistake', () => {
    const {obstacles} = chooseRuntime(around({model: model({}, {state: 'In_Transit'})}), question)

    expect(obstacles).toEqual(["the files of model 'tiny-1b' are on no node yet (In_Transit)"])
  })
})

describe('the manifest', () => {
  const spec = {name: 'chat', model: 'tiny-1b', minReplicas: 2, maxReplicas: 2}
  const given = {spec, namespace: 'lab', apiVersion: 'ome.io/v1beta1', modelKind: 'ClusterBaseModel'}

  it('fixes the replicas of engine and router, which would scale by CPU otherwise', () => {
    const parts = runtimeParts(runtime('fast', {routerConfig: {runner: {image: 'r'}}}))

    expect(inferenceService({...given, runtime: parts})).toEqual({
      ...{apiVersion: 'ome.io/v1beta1', kind: 'InferenceService', metadata: {name: 'chat', namespace: 'lab'}},
      spec: {
        model: {name: 'tiny-1b'},
        engine: {minReplicas: 2, maxReplicas: 2},
        router: {minReplicas: 1, maxReplicas: 1},
      },
    })
  })

  it('names the runtime only when it was named, and its kind when it is one of the namespace', () => {
    const own = runtimeParts({...runtime('mine'), kind: 'ServingRuntime'})
    const named = inferenceService({...given, spec: {...spec, runtime: 'mine'}, runtime: own})

    expect(named.spec).toMatchObject({runtime: {name: 'mine', kind: 'ServingRuntime'}})
    expect(inferenceService({...given, runtime: own}).spec).not.toHaveProperty('runtime')
  })

  it('has a decoder only when it is asked for', () => {
    const decoded = inferenceService({...given, spec: {...spec, decoder: true}, runtime: undefined})

    expect(decoded.spec).toHaveProperty('decoder')
    expect(inferenceService({...given, runtime: undefined}).spec).not.toHaveProperty('decoder')
  })
})

describe('devices', () => {
  const node = (name: string, free: number, usable = true) => {
    const amounts = {cpus: 8, memoryBytes: 1, pods: 10}
    return {
      ...{name, usable, labels: {}, gpuModel: 'a100'},
      ...{allocatable: {...amounts, gpus: 8}, requested: {...amounts, gpus: 8 - free}, free: {...amounts, gpus: free}},
    }
  }
  const capacity = (...nodes: ReturnType<typeof node>[]): ClusterCapacity => {
    const none = {cpus: 0, memoryBytes: 0, gpus: 0, pods: 0}
    return {nodes, allocatable: none, requested: none, free: none, largestFreeGpus: 0}
  }

  it.each([
    [capacity(node('n6', 1), node('n7', 2)), {perPod: 4, pods: 1}, 'need 4 devices, largest free 2 on n7'],
    [capacity(node('n7', 4)), {perPod: 4, pods: 1}, undefined],
    [
      capacity(node('n7', 5)),
      {perPod: 4, pods: 2},
      'need 4 devices for each of 2 pods, there is room for 1 (largest free 5 on n7)',
    ],
    [capacity(node('n7', 0)), {perPod: 1, pods: 1}, 'need 1 device, no node has a free one'],
    [
      capacity(node('n7', 8, false)),
      {perPod: 1, pods: 1},
      'need 1 device, no node has a free one; no node has 1 at all',
    ],
    [capacity(node('n7', 8)), {perPod: 16, pods: 1}, 'need 16 devices, largest free 8 on n7; no node has 16 at all'],
    [capacity(), {perPod: 0, pods: 3}, undefined],
  ])('are on one node for one pod: case %#', (given, wish, told) => {
    expect(deviceObstacle(given, wish)).toBe(told)
  })

  it('have a price when all that fit have the same', () => {
    const list = [accelerator('a', {perHour: 2}), accelerator('b', {perHour: 2}), accelerator('c', {perHour: 3})]

    expect(devicePrice(list.slice(0, 2), {perPod: 1})).toBe(2)
    expect(devicePrice(list, {perPod: 1})).toBeUndefined()
    expect(devicePrice(list, {perPod: 1, accelerator: 'c'})).toBe(3)
    expect(devicePrice([], {perPod: 1})).toBeUndefined()
  })
})

describe('autoscaling', () => {
  const about = {service: 'chat', namespace: 'lab', engine: 'vllm' as const, hasKeda: true}

  it('by CPU needs nothing but fields of the engine', () => {
    expect(autoscaleSettings({metric: 'cpu', target: 70}, {...about, hasKeda: false})).toEqual({
      engine: {scaleMetric: 'cpu', scaleTarget: 70},
      annotations: {},
    })
  })

  it('by requests always has a query of its own, with the label that pods really have', () => {
    const {annotations} = autoscaleSettings({metric: 'requests-per-second', target: 100}, about)

    expect(annotations).toMatchObject({
      'ome.io/autoscalerClass': 'keda',
      'autoscaling.keda.sh/prometheus.query':
        'sum(max by (pod) (rate(vllm:request_success_total{namespace="lab",ome_io_inferenceservice="chat"}[2m])))',
      'autoscaling.keda.sh/threshold': '100',
    })
  })

  it.each([
    [{metric: 'queue', target: 5}, {hasKeda: false}, 'needs KEDA'],
    [{metric: 'speed', target: 5}, {}, "there is no metric 'speed'"],
    [{metric: 'queue', target: 5}, {engine: undefined}, 'name the query'],
    [{metric: 'cpu', target: 0}, {}, 'no positive number'],
    [{metric: 'cpu', target: 180}, {}, 'no whole percentage'],
  ])('%j with %j is refused', (wish, more, message) => {
    expect(() => autoscaleSettings(wish, {...about, ...more})).toThrow(message)
  })
})

describe('an update', () => {
  const current = inference({
    spec: {engine: {minReplicas: 1, maxReplicas: 3, scaleMetric: 'cpu'}, runtime: {name: 'a'}},
  })
  const patchFor = (change: ServingChange) =>
    mergePatch({spec: current.spec}, {spec: wantedService(current, {change, assignments: []}).spec})

  it.each<[string, ServingChange, unknown]>([
    ['another model', {model: 'b'}, {spec: {model: {name: 'b'}}}],
    ['another runtime', {runtime: 'b'}, {spec: {runtime: {name: 'b', kind: 'ClusterServingRuntime'}}}],
    ["the operator's choice again", {runtime: 'auto'}, {spec: {runtime: null}}],
    ['more at least than at most before', {minReplicas: 5}, {spec: {engine: {minReplicas: 5, maxReplicas: 5}}}],
    ['no scaling any more', {autoscale: 'off'}, {spec: {engine: {maxReplicas: 1, scaleMetric: null}}}],
    ['old pods first', {rollout: 'recreate'}, {spec: {engine: {deploymentStrategy: {type: 'Recreate'}}}}],
    ['nothing', {minReplicas: 1}, undefined],
  ])('to %s sends only what differs', (_, change, patch) => {
    expect(patchFor(change)).toEqual(patch)
  })

  it('refuses sizes that contradict each other, or mean another mode', () => {
    expect(() => patchFor({minReplicas: 4, maxReplicas: 2})).toThrow('at most 2 replicas are less than at least 4')
    expect(() => patchFor({minReplicas: 0})).toThrow('Serverless')
    expect(() => patchFor({autoscale: {metric: 'cpu', target: 80}, maxReplicas: 1})).toThrow('nothing to scale')
  })

  it('restarts pods unless it is only about sizes', () => {
    expect(restartsPods('spec.engine.minReplicas: 1 → 2')).toBe(false)
    expect(restartsPods('spec.engine.deploymentStrategy.type: none → Recreate')).toBe(false)
    expect(restartsPods('spec.model.name: a → b')).toBe(true)
    expect(restartsPods('metadata.annotations.a: 1 → 2')).toBe(true)
  })

  it('is told field by field', () => {
    expect(changedFields({a: {b: 1, c: [1]}}, {a: {b: 2, c: [1], d: 'x'}}, 'spec')).toEqual([
      'spec.a.b: 1 → 2',
      'spec.a.d: none → x',
    ])
  })
})

describe('--set', () => {
  const engine = {
    type: 'object',
    properties: {
      ...{minReplicas: {type: 'integer'}, maxReplicas: {type: 'integer'}, scaleMetric: {type: 'string', enum: ['cpu']}},
      labels: {type: 'object', additionalProperties: {type: 'string'}},
      minAvailable: {'x-kubernetes-int-or-string': true},
      runner: {type: 'object', properties: {args: {type: 'array', items: {type: 'string'}}, tty: {type: 'boolean'}}},
    },
  }
  const schema = {
    type: 'object',
    properties: {spec: {type: 'object', properties: {engine}}, metadata: {type: 'object'}},
  }

  it.each([
    ['engine.minReplicas=2', [{path: ['spec', 'engine', 'minReplicas'], value: 2}]],
    ['spec.engine.runner.tty=true', [{path: ['spec', 'engine', 'runner', 'tty'], value: true}]],
    ['engine.labels.version=1', [{path: ['spec', 'engine', 'labels', 'version'], value: '1'}]],
    ['engine.minAvailable=50%', [{path: ['spec', 'engine', 'minAvailable'], value: '50%'}]],
    ['engine.runner.args=["--a=1"]', [{path: ['spec', 'engine', 'runner', 'args'], value: ['--a=1']}]],
    [
      'replicas=3',
      [
        {path: ['spec', 'engine', 'minReplicas'], value: 3},
        {path: ['spec', 'engine', 'maxReplicas'], value: 3},
      ],
    ],
  ])('%s has the type of the schema', (wish, assignments) => {
    expect(parseAssignments([wish], schema)).toEqual(assignments)
  })

  it('tells all mistakes at once, and what may be meant', () => {
    const wrong = [
      'engine.minReplica=2',
      'engine.minReplicas=two',
      'engine.scaleMetric=rps',
      'metadata.name=x',
      'novalue',
    ]

    expect(() => parseAssignments(wrong, schema)).toThrow(
      /did you mean 'minReplicas'[\s\S]*is no whole number[\s\S]*is none of cpu[\s\S]*is not in the spec[\s\S]*no FIELD=VALUE/,
    )
  })

  it('changes one entry of a list, and none behind its end', () => {
    const before = {spec: {engine: {runner: {args: ['--a', '--b']}}}}
    const [first] = parseAssignments(['engine.runner.args.1=--c'], schema)
    const behind = parseAssignments(['engine.runner.args.7=--c'], schema)

    expect(withAssignments(before, first === undefined ? [] : [first])).toEqual({
      spec: {engine: {runner: {args: ['--a', '--c']}}},
    })
    expect(() => withAssignments(before, behind)).toThrow('the list has 2 entries')
  })
})

describe('a share of the requests', () => {
  it('is refused, with the reason, where the operator would ignore it', () => {
    expect(() => refuseCanary({name: 'chat', canary: 10}, inference())).toThrow(/mode RawDeployment.*splits no traffic/)
    expect(() => refuseCanary({name: 'chat', canary: 10}, undefined)).toThrow("there is no 'chat' yet")
  })

  it('is possible in the mode Serverless', () => {
    const serverless = inference({metadata: {annotations: {'ome.io/deploymentMode': 'Serverless'}}})

    expect(() => refuseCanary({name: 'chat', canary: 10}, serverless)).not.toThrow()
  })
})
