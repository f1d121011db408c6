import type {ObjectApi} from '@omni-cli/sdk'
import {describe, expect, test} from 'vitest'
import {explain, explainObject, explanationView} from '../../src/explain/explain.ts'

describe('explain', () => {
  test('a kind lists its fields with type, default and text', () => {
    const {path, fields = []} = explain('svc')
    expect(path).toBe('service')
    expect(fields.find((field) => field.path === 'name')).toMatchObject({type: 'a text', required: true})
    expect(fields.find((field) => field.path === 'replicas')).toEqual({
      path: 'replicas',
      type: 'a whole number or "auto"',
      description: "how many run at once; auto = as many as the load needs, see 'autoscale'",
      default: 1,
      required: false,
    })
  })

  test.each([
    ['service.deploy.strategy', 'one of rolling, blue-green, canary, recreate'],
    ['service.command', 'a text or a list'],
    ['service.resources.gpu.count', 'a whole number'],
    ['service.env.ANYTHING', 'a text'],
    ['instance.memory', 'a whole number or a text'],
    ['instance.network.ipv4', 'a text'],
    ['instance.count', 'a whole number'],
    ['instances.wait.timeout', 'a whole number or a text'],
    ['network.nat', 'true or false'],
    ['profile.devices.root.path', 'a text or a number or true or false'],
  ])('%s is %s', (path, type) => {
    expect(explain(path).type).toBe(type)
  })

  test('a mistyped field or kind names the nearest', () => {
    expect(() => explain('service.replcas')).toThrow(
      expect.objectContaining({code: 'NOT_FOUND', hint: "did you mean 'replicas'?"}),
    )
    expect(() => explain('servce')).toThrow(expect.objectContaining({code: 'USAGE', hint: "did you mean 'service'?"}))
    expect(() => explain('service.replicas.x')).toThrow("'service.replicas' has no field 'x'")
    expect(() => explain('constructor')).toThrow("there is no kind 'constructor'")
  })

  test('the text of a default is there', () => {
    const view = explanationView(explain('service.stop_grace_secs'))
    expect(view.text(view.data)).toContain('  default: 10')
  })
})

describe('explain of a kind of a cluster', () => {
  const schema = {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        description: 'What is wanted.\nOver two lines.',
        required: ['storage'],
        properties: {
          storage: {type: 'object', description: `Where it is. ${'More of it. '.repeat(20)}`},
          size: {type: ['integer', 'string']},
        },
      },
    },
  }
  const model = {group: 'ome.io', version: 'v1beta1', kind: 'ClusterBaseModel', plural: 'clusterbasemodels'}
  const objects = {
    schema: async (word: string) =>
      word === 'model'
        ? {kind: {...model, singular: 'clusterbasemodel', short: [], namespaced: false, verbs: []}, schema}
        : undefined,
  } as Partial<ObjectApi> as ObjectApi

  test('says what its server says, in a list the first sentence', async () => {
    const explanation = await explainObject('model.spec', objects, {})

    expect(explanation).toMatchObject({path: 'ClusterBaseModel.spec', type: 'a map'})
    expect(explanation.fields?.[1]).toMatchObject({path: 'size', type: 'a whole number or a text', required: false})
    const text = JSON.stringify(explanationView(explanation).text(explanation))
    expect(text).toContain('Where it is.')
    expect(text).not.toContain('More of it')
  })

  test('that is not there, or has no such field, is told', async () => {
    await expect(explainObject('modle', objects, {})).rejects.toMatchObject({code: 'USAGE'})
    await expect(explainObject('model.spec.sise', objects, {})).rejects.toMatchObject({
      code: 'NOT_FOUND',
      hint: "did you mean 'size'?",
    })
  })
})
