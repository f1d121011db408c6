import {type ApiObject, isOmniError} from '@omni-cli/sdk'
import {describe, expect, it} from 'vitest'
import {fieldsAt, textsAt} from '../../src/fields.ts'
import {programOf} from '../../src/ome/arguments.ts'
import {CLUSTER_SERVING_RUNTIME as kind} from '../../src/provider/catalog/kinds.ts'
import {draftManifest} from '../../src/provider/catalog/tools/draft.ts'
import {pathKeys} from '../../src/provider/catalog/tools/edit-path.ts'
import type {RuntimeCheck} from '../../src/provider/catalog/tools/rule.ts'
import {runtimeChecks} from '../../src/provider/catalog/tools/rules.ts'
import type {Schemas} from '../../src/provider/objects/problems/schema.ts'
import {gpuNode, runtime} from './objects.ts'

const schemas: Schemas = {
  named: {},
  root: {
    properties: {
      spec: {
        type: 'object',
        properties: {
          supportedModelFormats: {type: 'array', items: {isOpen: true}},
          disabled: {type: 'boolean'},
          protocolVersions: {type: 'array', items: {type: 'string'}},
          engineConfig: {
            type: 'object',
            isOpen: true,
            properties: {minReplicas: {type: 'integer'}, annotations: {type: 'object', others: {type: 'string'}}},
          },
          hostIPC: {type: 'boolean'},
          modelSizeRange: {type: 'object', properties: {min: {type: 'string'}, max: {type: 'string'}}},
        },
      },
    },
  },
}

const from = {runtime: 'base'} as const
const draft = (set: readonly string[], base: ApiObject = runtime('base', 4), more = {}) =>
  draftManifest(base, {name: 'new', from, set, ...more}, {kind, schemas})
const runnerOf = (object: ApiObject) => fieldsAt(object.spec, 'engineConfig', 'runner')
const message = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    return isOmniError(error) ? `${error.code} ${error.message} ${error.hint ?? ''}` : String(error)
  }
  return 'nothing'
}

describe('settings', () => {
  it('another number of devices changes requests, limits and the argument that splits the model', () => {
    const runner = runnerOf(draft(['gpus=8']))

    expect(fieldsAt(runner, 'resources')).toMatchObject({
      requests: {'nvidia.com/gpu': '8', cpu: '10'},
      limits: {'nvidia.com/gpu': '8'},
    })
    expect(programOf(runner).flags.get('--tensor-parallel-size')).toBe('8')
  })

  it('a split of its own stays as it was', () => {
    const base = runtime('base', 4, {}, {command: ['vllm', 'serve', '--tensor-parallel-size=1']})

    expect(textsAt(runnerOf(draft(['gpus=8'], base)), 'command')).toContain('--tensor-parallel-size=1')
    expect(textsAt(runnerOf(draft(['gpus=8', 'tensorParallelism=8'], base)), 'command')).toContain(
      '--tensor-parallel-size=8',
    )
  })

  it('what the operator fills in stays, and several pods count together', () => {
    const command = (size: string) => ({
      name: 'ome-container',
      command: ['sglang', '--tp-size', size],
      resources: {limits: {'nvidia.com/gpu': 4}},
    })
    const wide = (size: string) =>
      runtime('base', 4, {engineConfig: {leader: {runner: command(size)}, worker: {size: 1, runner: command(size)}}})
    const words = (size: string, part: string) =>
      textsAt(fieldsAt(draft(['gpus=8'], wide(size)).spec, 'engineConfig', part, 'runner'), 'command')

    expect(words('$(PARALLELISM_SIZE)', 'leader')).toContain('$(PARALLELISM_SIZE)')
    expect([words('8', 'leader').at(-1), words('8', 'worker').at(-1)]).toEqual(['16', '16'])
  })

  it.each([
    [['python3', '-m', 'sglang.launch_server', '--tp-size', '4'], '--tp-size', '8'],
    [['python3', '-m', 'sglang.launch_server', '--tp=4'], '--tp', '8'],
    [['sh', '-c', 'vllm serve x --tensor-parallel-size 4 --port 80'], '--tensor-parallel-size', '8'],
    [['python3', '-m', 'sglang.launch_server'], '--tp-size', '8'],
  ])('the argument is changed where it is: %j', (command, flag, value) => {
    const base = runtime('base', 4, {}, {command, args: undefined})

    expect(programOf(runnerOf(draft(['gpus=8', 'tensorParallelism=8'], base))).flags.get(flag)).toBe(value)
  })
})

describe('names, paths and copies', () => {
  it('short names and paths are typed by the schema', () => {
    const made = draft([
      ...['image=registry.example/vllm:v2', 'memory=320Gi', 'contextTokens=4096', 'minSize=60B', 'maxSize=75B'],
      ...['priority=2', 'spec.disabled=true', 'spec.engineConfig.minReplicas=2', 'spec.protocolVersions=["openAI"]'],
      'spec.engineConfig.annotations."prometheus.io/port"=8080',
    ])

    expect(made.spec).toMatchObject({
      ...{disabled: true, protocolVersions: ['openAI'], modelSizeRange: {min: '60B', max: '75B'}},
      engineConfig: {
        minReplicas: 2,
        annotations: {'prometheus.io/port': '8080'},
        runner: {image: 'registry.example/vllm:v2'},
      },
      supportedModelFormats: [{priority: 2}],
    })
    expect(programOf(runnerOf(made)).flags.get('--max-model-len')).toBe('4096')
  })

  it('a size is a range around it, and a copy is not picked by itself', () => {
    const {spec} = draft([], runtime('base', 4), {size: '70B', gpus: 2, architecture: 'OakForCausalLM'})

    expect(spec).toMatchObject({
      modelSizeRange: {min: '59.5B', max: '80.5B'},
      supportedModelFormats: [{autoSelect: false, modelArchitecture: 'OakForCausalLM'}],
    })
  })

  it('a copy keeps nothing of what the server wrote', () => {
    const annotations = {'kubectl.kubernetes.io/last-applied-configuration': '{}', mine: 'x'}
    const base = {...runtime('base', 4), metadata: {name: 'base', uid: 'u', resourceVersion: '7', annotations}}

    expect(draft([], base).metadata).toEqual({name: 'new', annotations: {mine: 'x'}})
  })

  it.each([
    ['gpu=8', /does not know 'gpu'.*did you mean 'gpus'/],
    ['gpus=many', /whole number/],
    ['gpus', /not NAME=VALUE/],
    ['memory=much', /no size/],
    ['minSize=70b', /no size that OME reads/],
    ['autoSelect=yes', /true or false/],
    ['spec.disabeld=true', /no field 'disabeld'.*did you mean 'disabled'/],
    ['spec.disabled=1', /must be true or false/],
    ['spec.engineConfig.minReplicas=two', /whole number/],
    ['tensorParallelism=8', /split over 8 devices, and a replica has 4/],
  ])('%s is refused', (setting, reason) => {
    const said = message(() => draft([setting]))

    expect(said).toMatch(/^USAGE /)
    expect(said.replaceAll('\n', ' ')).toMatch(reason)
  })

  it('paths name items of lists and keys with dots', () => {
    expect(pathKeys('spec.a[0]."b.c/d".2')).toEqual(['spec', 'a', 0, 'b.c/d', 2])
  })
})

describe('checks', () => {
  const nodes = [capacityOf(gpuNode('n1', 8)), capacityOf(gpuNode('n2', 4))]
  const check = (name: string, spec = {}, runner = {}, gpus = 4): RuntimeCheck | undefined => {
    const one = runtime('one', gpus, {modelSizeRange: {min: '60B', max: '75B'}, ...spec}, runner)
    return runtimeChecks({runtime: one, others: [one, runtime('two', 4)], nodes, classes: ['h100']}).find(
      (found) => found.name === name,
    )
  }

  it('a good runtime passes all but the name that it is wired to', () => {
    const one = runtime('one', 4, {modelSizeRange: {min: '60B', max: '75B'}}, {env: []})
    const found = runtimeChecks({runtime: one, others: [], nodes, classes: []})

    expect(found.filter(({status}) => status !== 'ok')).toEqual([])
  })

  it.each<[string, string, RuntimeCheck['status'], RegExp, Record<string, unknown>, Record<string, unknown>, number]>([
    ['a range with one end', 'sizes', 'failed', /crashes/, {modelSizeRange: {min: '60B'}}, {}, 4],
    ['lower-case sizes', 'sizes', 'failed', /read as 0/, {modelSizeRange: {min: '60b', max: '75b'}}, {}, 4],
    ['ends the wrong way round', 'sizes', 'failed', /more than/, {modelSizeRange: {min: '80B', max: '75B'}}, {}, 4],
    ['no range', 'sizes', 'warning', /every size/, {modelSizeRange: undefined}, {}, 4],
    ['disabled', 'choice', 'warning', /disabled/, {disabled: true}, {}, 4],
    ['no formats', 'choice', 'failed', /serves no model/, {supportedModelFormats: []}, {}, 4],
    ['more devices than a node has', 'devices', 'failed', /most that one node has is 8/, {}, {}, 16],
    [
      'another class',
      'accelerators',
      'failed',
      /no class b200/,
      {acceleratorRequirements: {acceleratorClasses: ['h100', 'b200']}},
      {},
      4,
    ],
    [
      'more parts than devices',
      'parallelism',
      'failed',
      /split over 8 devices/,
      {},
      {command: ['vllm', '--tensor-parallel-size=8']},
      4,
    ],
    [
      'fewer parts than devices',
      'parallelism',
      'warning',
      /1 of 4/,
      {},
      {command: ['vllm', '--tensor-parallel-size=1']},
      4,
    ],
    ['no split', 'parallelism', 'warning', /no argument/, {}, {command: ['vllm']}, 4],
    ['no tag', 'image', 'warning', /no fixed tag/, {}, {image: 'registry.example/vllm-openai'}, 4],
    ['a broken image', 'image', 'failed', /no reference/, {}, {image: 'https://registry/x y'}, 4],
    ['another name', 'image', 'warning', /ome-container/, {}, {name: 'main'}, 4],
    ['arguments of the other server', 'arguments', 'failed', /--tp-size/, {}, {command: ['vllm', '--tp-size', '4']}, 4],
    ['mistyped arguments', 'arguments', 'warning', /--max-model-length/, {}, {args: ['--max-model-length=1']}, 4],
    ['a name of a model', 'served name', 'warning', /vllm-model/, {}, {}, 4],
    ['no readiness', 'probes', 'warning', /open port/, {}, {readinessProbe: undefined}, 4],
    ['a probe of another port', 'probes', 'failed', /does not open/, {}, {readinessProbe: {httpGet: {port: 9}}}, 4],
  ])('%s', (_, name, status, reason, spec, runner, gpus) => {
    expect(check(name, spec, runner, gpus)).toMatchObject({status, message: expect.stringMatching(reason)})
  })

  it('equals that are both picked by themselves are told', () => {
    const [one, two] = [runtime('one', 4), runtime('two', 4)]
    const found = runtimeChecks({runtime: one, others: [one, two], nodes, classes: []})

    expect(found.find(({name}) => name === 'priorities')).toMatchObject({
      status: 'warning',
      message: expect.stringContaining('two'),
    })
  })
})

function capacityOf({metadata, status}: ReturnType<typeof gpuNode>) {
  const gpus = Number(status.allocatable['nvidia.com/gpu'])
  const all = {cpus: 64, memoryBytes: 2 ** 39, gpus, pods: 110}
  const none = {cpus: 0, memoryBytes: 0, gpus: 0, pods: 0}
  return {name: metadata.name, usable: true, labels: {}, allocatable: all, requested: none, free: all}
}
