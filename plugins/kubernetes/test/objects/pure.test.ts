import type {ApiObject} from '@omni-cli/sdk'
import {OmniError} from '@omni-cli/sdk'
import {describe, expect, it, test} from 'vitest'
import {droppedFields, objectChanges} from '../../src/provider/objects/changes.ts'
import {conflictsIn} from '../../src/provider/objects/conflicts.ts'
import {isCertainlySame} from '../../src/provider/objects/managed-fields.ts'
import {checkObject} from '../../src/provider/objects/problems/check.ts'
import {omeProblems} from '../../src/provider/objects/problems/ome-rules.ts'
import {reduceDefinition} from '../../src/provider/objects/problems/schema.ts'
import {uriProblem} from '../../src/provider/objects/problems/storage-uri.ts'
import {waitingFor} from '../../src/provider/objects/remove.ts'
import {restartWarnings} from '../../src/provider/objects/restarts.ts'
import {sendable} from '../../src/provider/objects/sendable.ts'
import {needsOf, tierOf} from '../../src/provider/objects/tiers.ts'

const object = (
  more: Readonly<Record<string, unknown>>,
  metadata: Readonly<Record<string, unknown>> = {},
): ApiObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  ...more,
  metadata: {name: 'web', ...metadata},
})

const managed = (fieldsV1: unknown, more: Readonly<Record<string, unknown>> = {}) => ({
  managedFields: [{manager: 'omni', operation: 'Apply', apiVersion: 'v1', fieldsV1, ...more}],
})

describe('isCertainlySame', () => {
  const written = object({data: {a: '1'}, list: [{name: 'x', port: 1}], set: ['q'], empty: {}})
  const fields = {
    'f:data': {'f:a': {}},
    'f:list': {'k:{"name":"x"}': {'.': {}, 'f:name': {}, 'f:port': {}}},
    'f:set': {'v:"q"': {}},
    'f:empty': {},
  }
  const live = {
    data: {a: '1', b: '2'},
    list: [{name: 'y'}, {name: 'x', port: 1, more: true}],
    set: ['p', 'q'],
    empty: {},
  }

  test('what we own is what is written, and others own more', () => {
    expect(isCertainlySame(written, object(live, managed(fields)))).toBe(true)
  })

  it.each([
    ['another value', {...live, data: {a: '2'}}, fields],
    ['a field we own and do not write any more', live, {...fields, 'f:gone': {}}],
    ['a field we write and do not own', live, {...fields, 'f:data': {'f:other': {}}}],
    ['an item that is not there', {...live, list: []}, fields],
    ['another value in an item', {...live, list: [{name: 'x', port: 2}]}, fields],
  ])('is not certain with %s', (_, now, owned) => {
    expect(isCertainlySame(written, object(now, managed(owned)))).toBe(false)
  })

  it.each([
    ['nothing of ours', {managedFields: []}],
    ['another version', managed(fields, {apiVersion: 'v2'})],
    ['another manager', managed(fields, {manager: 'kubectl'})],
    ['an object that is being deleted', {...managed(fields), deletionTimestamp: '2026-01-01T00:00:00Z'}],
  ])('is not certain with %s', (_, metadata) => {
    expect(isCertainlySame(written, object(live, metadata))).toBe(false)
  })
})

describe('objectChanges', () => {
  test('tells who set a field last, and when; without the noise of the server', () => {
    const before = object(
      {spec: {items: [{name: 'a', n: 1}], gone: 1}, status: {x: 1}},
      {
        resourceVersion: '1',
        managedFields: [
          {manager: 'old', operation: 'Update', time: '2026-01-01T00:00:00Z', fieldsV1: {'f:spec': {'f:items': {}}}},
          {
            manager: 'edit',
            operation: 'Update',
            time: '2026-02-01T00:00:00Z',
            fieldsV1: {'f:spec': {'f:items': {'k:{"name":"a"}': {'f:n': {}}}}},
          },
        ],
      },
    )
    const after = object({spec: {items: [{name: 'b'}, {name: 'a', n: 2}]}, status: {x: 2}}, {resourceVersion: '2'})
    expect(objectChanges(before, after)).toEqual([
      {path: 'spec.items.0.n', from: 1, to: 2, by: 'edit', at: '2026-02-01T00:00:00Z'},
      {path: 'spec.items.0', to: {name: 'b'}, by: 'edit', at: '2026-02-01T00:00:00Z'},
      {path: 'spec.gone', from: 1},
    ])
  })

  it.each([
    ['a Secret', {kind: 'Secret', data: {user: 'eA=='}}, {kind: 'Secret', data: {user: 'eQ==', more: 'eg=='}}],
    ['a telling key', {data: {password: 'sentinel'}}, {data: {password: 'sentinel2'}}],
    [
      'a variable',
      {spec: {env: [{name: 'DB_PASSWORD', value: 'sentinel'}]}},
      {spec: {env: [{name: 'DB_PASSWORD', value: 'sentinel2'}]}},
    ],
  ])('masks the values of %s', (_, before, after) => {
    const text = JSON.stringify(objectChanges(object(before), object(after)))
    expect(text).toContain('***')
    expect(text).not.toMatch(/sentinel|e[AQg]==/)
  })
})

test('fields that the server drops are found, and empty ones do not count', () => {
  const sent = object({spec: {a: 1, b: {c: ''}, d: [{e: 1}]}, stringData: {x: 'y'}})
  expect(droppedFields(sent, object({spec: {a: 1, d: [{}]}}))).toEqual(['spec.d.0.e'])
})

test('conflicts lead to the place in the object, also through keys with dots', () => {
  const wanted = object({spec: {containers: [{name: 'x'}, {name: 'web', image: 'a'}]}}, {annotations: {'a.b/c': 'd'}})
  const error = new OmniError('CONFLICT', '', {
    details: {
      conflicts: [
        {manager: 'kubectl', field: '.spec.containers[name="web"].image'},
        {manager: 'hpa', field: '.metadata.annotations.a.b/c'},
      ],
    },
  })
  expect(conflictsIn(error, wanted)).toEqual([
    {manager: 'kubectl', path: ['spec', 'containers', 1, 'image']},
    {manager: 'hpa', path: ['metadata', 'annotations', 'a.b/c']},
  ])
})

test('only what a person writes is sent, and ports have a protocol', () => {
  const service = object(
    {kind: 'Service', spec: {ports: [{port: 80}]}, status: {}},
    {uid: 'u', resourceVersion: '7', managedFields: [], labels: {a: 'b'}},
  )
  expect(sendable(service, 'shop')).toEqual(
    object({kind: 'Service', spec: {ports: [{port: 80, protocol: 'TCP'}]}}, {namespace: 'shop', labels: {a: 'b'}}),
  )
})

test('namespaces and definitions come first, webhooks last, and are waited for by what needs them', () => {
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {name: 'widgets.example.org'},
    spec: {group: 'example.org', names: {kind: 'Widget'}},
  }
  const objects: ApiObject[] = [
    {apiVersion: 'example.org/v1', kind: 'Widget', metadata: {name: 'w', namespace: 'shop'}},
    definition,
    {apiVersion: 'v1', kind: 'Namespace', metadata: {name: 'shop'}},
    {apiVersion: 'apps/v1', kind: 'Deployment', metadata: {name: 'd', namespace: 'other'}},
    {apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration', metadata: {name: 'v'}},
  ]
  expect(needsOf(objects, ['shop', undefined, undefined, 'other', undefined])).toEqual([[2, 1], [], [], [], []])
  const order = objects.toSorted((a, b) => tierOf(a) - tierOf(b)).map(({kind}) => kind)
  expect(order).toEqual([
    'CustomResourceDefinition',
    'Namespace',
    'Deployment',
    'Widget',
    'ValidatingWebhookConfiguration',
  ])
})

describe('fields against a schema', () => {
  const root = reduceDefinition({
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        required: ['size', 'mode'],
        properties: {
          size: {type: 'integer', minimum: 1},
          mode: {type: 'string', default: 'a', enum: ['a', 'b']},
          port: {'x-kubernetes-int-or-string': true, anyOf: [{type: 'integer'}, {type: 'string'}]},
          open: {type: 'object', 'x-kubernetes-preserve-unknown-fields': true},
          labels: {type: 'object', additionalProperties: {type: 'string'}},
        },
      },
    },
  })

  it.each([
    ['nothing', {size: 1, port: '80%', open: {any: [1]}, labels: {a: 'b'}}, []],
    ['an unknown field', {size: 1, lables: {}}, ["spec.lables unknown field 'lables'"]],
    ['a missing one', {}, ["spec 'size' is missing"]],
    ['a type', {size: '1', labels: {a: 1}}, ['spec.size it must be a whole number', 'spec.labels.a it must be a text']],
    ['a limit', {size: 0}, ['spec.size it must be at least 1']],
    ['an enum', {size: 1, mode: 'c'}, ['spec.mode it must be one of a, b']],
    ['a number or text', {size: 1, port: true}, ['spec.port it must be a number or a text']],
    ['null, which takes a field away', {size: 1, labels: null}, []],
  ])('%s', (_, spec, expected) => {
    const found = checkObject({root, named: {}}, object({spec, status: {any: 1}}))
    expect(found.map(({path, message}) => `${path.join('.')} ${message}`)).toEqual(expected)
  })

  test('metadata has the fields of every object', () => {
    const found = checkObject({root, named: {}}, object({spec: {size: 1}}, {lables: {}, annotations: {a: 1}}))
    expect(found.map(({message}) => message)).toEqual(["unknown field 'lables'", 'it must be a text'])
  })
})

describe('storage URIs', () => {
  it.each([
    'hf://meta-llama/Llama-3.3-70B-Instruct',
    'hf://a/b@refs/pr/1',
    'oci://n/ns/b/bucket/o/models/x',
    'local:///models/x',
    'vendor://openai/gpt/x',
  ])('%s is good', (uri) => expect(uriProblem(uri, 'model')).toBeUndefined())

  it.each([
    ['https://x/y', 'error', /no storage 'https/],
    ['models/x', 'error', /is no storage URI/],
    ['hf://only', 'error', /not of the form/],
    ['oci://registry/model:tag', 'error', /oci:\/\/n\/NAMESPACE/],
    ['local://relative', 'error', /not of the form/],
    ['s3://bucket/x', 'warning', /downloads nothing/],
    ['pvc://claim/x', 'warning', /downloads nothing/],
    ['github://a/b', 'warning', /downloads nothing/],
  ])('%s is an %s', (uri, severity, message) => {
    expect(uriProblem(uri, 'model')).toMatchObject({severity, message: expect.stringMatching(message)})
  })

  test('results of a benchmark may be kept anywhere', () =>
    expect(uriProblem('s3://bucket/x', 'output')).toBeUndefined())
})

describe('rules of OME', () => {
  const ome = (kind: string, spec: unknown, metadata: Readonly<Record<string, unknown>> = {}) =>
    omeProblems(object({apiVersion: 'ome.io/v1beta1', kind, spec}, metadata)).map(
      ({severity, path, message}) => `${severity} ${path.join('.')}: ${message}`,
    )
  const storage = {storageUri: 'hf://a/b', path: '/models/x'}

  it.each([
    ['ClusterBaseModel', {storage, modelParameterSize: '70b'}, /error spec.modelParameterSize: .*as 0/],
    ['ClusterBaseModel', {storage: {storageUri: 'hf://a/b'}}, /error spec.storage: 'path' is missing/],
    ['BaseModel', {storage: {...storage, parameters: {token: 'x'}}}, /warning spec.storage.parameters.token/],
    ['ServingRuntime', {modelSizeRange: {min: '7B'}}, /error spec.modelSizeRange: 'max' is missing/],
    ['ServingRuntime', {modelSizeRange: {min: '9B', max: '7B'}}, /error spec.modelSizeRange: min 9B/],
    [
      'ClusterServingRuntime',
      {supportedModelFormats: [1, 2].map((priority) => ({modelFormat: {name: 'safetensors'}, priority}))},
      /error spec.supportedModelFormats.1.priority/,
    ],
    ['AcceleratorClass', {capabilities: {memoryGB: 80}}, /error spec.capabilities.memoryGB: 80 is 80 bytes/],
    ['InferenceService', {model: {name: 'm'}}, /error spec: 'engine' is missing/],
    ['InferenceService', {decoder: {}}, /error spec: a 'decoder' needs/],
    ['InferenceService', {engine: {minReplicas: 3, maxReplicas: 1}}, /error spec.engine.minReplicas: 3 is more/],
    ['InferenceService', {engine: {}}, /warning spec.engine: .*up to 3 replicas/],
    ['InferenceService', {engine: {maxReplicas: 1, canaryTrafficPercent: 10}}, /warning spec.engine.canaryTraffic/],
    [
      'InferenceService',
      {engine: {maxReplicas: 1}, kedaConfig: {scalingOperator: 'More'}},
      /error spec.kedaConfig.scalingO/,
    ],
    [
      'InferenceService',
      {engine: {maxReplicas: 1}, kedaConfig: {customPromQuery: 'a%s b%s'}},
      /error spec.kedaConfig.custom/,
    ],
    ['BenchmarkJob', {endpoint: {}}, /error spec.endpoint: it needs either/],
    [
      'BenchmarkJob',
      {endpoint: {endpoint: {}}, task: 'text-to-embeddings', trafficScenarios: ['E(64)']},
      /error spec.trafficScenarios.0: 'E\(64\)'/,
    ],
  ])('%s %j', (kind, spec, expected) => expect(ome(kind, spec).join('\n')).toMatch(expected))

  test('a name and annotations of a served model', () => {
    const found = ome(
      'InferenceService',
      {engine: {maxReplicas: 1}},
      {name: '1x', annotations: {'ome.io/metrics': 'gpu'}},
    )
    expect(found.map((line) => line.split(':')[0])).toEqual([
      'error metadata.name',
      'error metadata.annotations.ome.io/metrics',
    ])
  })

  test('good objects have no problem', () => {
    expect(ome('ClusterBaseModel', {storage, modelParameterSize: '70.55B'})).toEqual([])
    expect(ome('InferenceService', {model: {name: 'm'}, engine: {minReplicas: 1, maxReplicas: 1}, router: {}})).toEqual(
      [],
    )
    const job = {
      endpoint: {endpoint: {}},
      task: 'text-to-text',
      trafficScenarios: ['N(480,240)/(300,150)', 'D(100,100)'],
    }
    expect(ome('BenchmarkJob', job)).toEqual([])
  })
})

test('labels on a live served model restart its pods, and the plan says so', () => {
  const live = object({apiVersion: 'ome.io/v1beta1', kind: 'InferenceService', spec: {engine: {}, router: {}}})
  expect(restartWarnings(live, [{path: 'metadata.labels.team'}])).toEqual([
    'restarts the pods of engine, router: labels and annotations are copied into pods',
  ])
  expect(restartWarnings(live, [{path: 'spec.engine.minReplicas'}])).toEqual([])
})

it.each([
  [{finalizers: ['clusterbasemodels.ome.io/finalizer']}, /agent has deleted the files/],
  [{finalizers: ['mine.example.org/x']}, /'mine.example.org\/x': whoever set it/],
  [{}, /until it is gone/],
])('a removal that hangs at %j is explained', (metadata, expected) => {
  expect(waitingFor(object({}, metadata))).toMatch(expected)
})
