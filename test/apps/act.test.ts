import {OmniError, type ServiceEngine, serviceSpec} from '@omni-cli/sdk'
import {createMemoryServices} from '@omni-cli/testkit'
import {beforeEach, expect, it} from 'vitest'
import {actOn, requireService, selectServices} from '../../src/apps/act.ts'

let engine: ServiceEngine
beforeEach(async () => {
  engine = createMemoryServices()
  for (const [name, project] of [
    ['web', 'shop'],
    ['db', 'shop'],
    ['blog', 'site'],
  ]) {
    await engine.create(serviceSpec.parse({name, project, command: 'run'}))
  }
})

it.each([
  [{names: ['web', 'db', 'web']}, ['web', 'db']],
  [{names: [], project: 'shop'}, ['db', 'web']],
  [{names: [], all: true}, ['blog', 'db', 'web']],
])('%j selects %j', async (selection, expected) => {
  expect((await selectServices(engine, selection)).toSorted()).toEqual(expected.toSorted())
})

it.each([
  [{names: []}, 'USAGE'],
  [{names: ['web'], all: true}, 'USAGE'],
  [{names: [], project: 'none'}, 'NOT_FOUND'],
])('%j is %s', async (selection, code) => {
  await expect(selectServices(engine, selection)).rejects.toMatchObject({code})
})

it('an absent service is NOT_FOUND that lists what there is', async () => {
  await expect(requireService(engine, 'wep')).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining("'web'"),
  })
})

it('one that fails does not keep the others from being done, and both are told', async () => {
  const stop = (name: string) =>
    name === 'db' ? Promise.reject(new OmniError('TIMEOUT', 'too slow')) : engine.stop(name)

  await expect(actOn(['web', 'db', 'blog'], stop)).rejects.toMatchObject({
    code: 'PARTIAL',
    details: {done: ['web', 'blog'], failed: [{name: 'db', message: 'too slow'}]},
  })
  await expect(actOn(['db'], stop)).rejects.toMatchObject({code: 'TIMEOUT'})
})

it('an interruption tells which are done and which are not', async () => {
  const controller = new AbortController()
  const stop = async (name: string) => {
    if (name === 'db') {
      controller.abort(new OmniError('ABORTED', 'interrupted'))
      throw controller.signal.reason
    }
    return engine.stop(name)
  }

  await expect(actOn(['web', 'db'], stop)).rejects.toMatchObject({
    code: 'ABORTED',
    message: 'interrupted\ndone: web\nnot done: db',
    details: {done: ['web'], skipped: ['db']},
  })
})
