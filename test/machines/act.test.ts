import {instanceSpec, OmniError, serviceSpec} from '@omni-cli/sdk'
import {createMemoryInstances, createMemoryServices} from '@omni-cli/testkit'
import {expect, test} from 'vitest'
import {type ActOptions, changeWorkloads} from '../../src/machines/act.ts'
import {workloadsView} from '../../src/machines/act-view.ts'
import {machineOf, serviceOf} from '../../src/machines/workload.ts'
import {recordingProgress} from '../apply/memory-session.ts'

const options = (more: Partial<ActOptions> = {}): ActOptions => ({
  ...{progress: recordingProgress(), signal: new AbortController().signal},
  ...more,
})

async function setup() {
  const [engine, provider] = [createMemoryServices(), createMemoryInstances()]
  const service = serviceOf(engine, await engine.create(serviceSpec.parse({name: 'web', image: 'x'})))
  const spec = instanceSpec.parse({name: 'web', config: {'environment.PASSWORD': 'hunter2'}})
  return {provider, service, machine: machineOf(provider, await provider.create(spec))}
}

test('a service and an instance of one name are both stopped and started', async () => {
  const {provider, service, machine} = await setup()
  const stopped = await changeWorkloads('stop', [service, machine], options())
  expect(stopped.map(({ref, state}) => [ref, state.status])).toEqual([
    ['service/web', 'stopped'],
    ['instance/web', 'stopped'],
  ])
  await changeWorkloads('start', [machine], options({wait: false}))
  expect((await provider.get('web'))?.status).toBe('running')
})

test('a restarted instance is waited for, and one that was stopped is started', async () => {
  const {provider, machine} = await setup()
  await provider.stop('web')
  const [again] = await changeWorkloads('restart', [{...machine, state: await provider.stop('web')}], options())
  expect(again?.state.status).toBe('running')
})

test.each([
  [{force: true}, '--force is for instances'],
  [{timeoutMs: 1}, '--timeout is for instances'],
  [{wait: false}, '--no-wait is for instances'],
])('%j is refused for a service before anything is touched', async (more, message) => {
  const {provider, service, machine} = await setup()
  await expect(changeWorkloads('stop', [machine, service], options(more))).rejects.toThrow(message)
  expect((await provider.get('web'))?.status).toBe('running')
})

test('one that fails does not keep the others from it', async () => {
  const {provider, service, machine} = await setup()
  const stuck = {...provider, stop: () => Promise.reject(new OmniError('TIMEOUT', 'it did not shut down'))}
  await expect(changeWorkloads('stop', [service, {...machine, driver: stuck}], options())).rejects.toMatchObject({
    code: 'PARTIAL',
    details: {done: ['service/web'], failed: [{name: 'instance/web', message: 'it did not shut down'}]},
  })
})

test('what is printed of an instance has no secrets', async () => {
  const {machine} = await setup()
  const view = workloadsView(
    [{...machine, state: {...machine.state, settings: {config: {password: 'hunter2'}}}}],
    'started',
  )
  expect(JSON.stringify(view.type === 'item' ? view.data : view)).not.toContain('hunter2')
})
