import {instanceSpec, serviceSpec} from '@omni-cli/sdk'
import {createMemoryInstances, createMemoryServices} from '@omni-cli/testkit'
import {expect, onTestFinished, test} from 'vitest'
import {statusOf} from '../../src/status/status-of.ts'
import {memorySession} from '../apply/memory-session.ts'

/** Services web and both; machines m1, which a plan owns, and both. */
async function setup() {
  const [service, instance] = [createMemoryServices(), createMemoryInstances()]
  for (const name of ['web', 'both']) await service.create(serviceSpec.parse({name, image: 'x'}))
  const settings = {metadata: {'omni.plan': 'demo'}, config: {password: 'hunter2'}}
  await instance.create(instanceSpec.parse({name: 'm1', ...settings}))
  await instance.create(instanceSpec.parse({name: 'both'}))
  const session = memorySession({service, instance})
  onTestFinished(() => session[Symbol.dispose]())
  return {session: {...session, context: {name: 'default', memory: {}}}, instance}
}

test.each([
  [['web'], 'service/web'],
  [['service', 'web'], 'service/web'],
  [['m1'], 'instance/m1'],
  [['instance', 'm1'], 'instance/m1'],
  [['vm/m1'], 'instance/m1'],
])('status %j shows %s', async (words, ref) => {
  const {session} = await setup()
  const view = await statusOf(session, words)
  expect(view.ref).toBe(ref)
  expect(view.exitCode).toBe(0)
})

test.each([
  [['nope'], 'NOT_FOUND', "there is no instance 'nope'; there are 'm1', 'both'"],
  [['instance', 'web'], 'NOT_FOUND', "there is no instance 'web'"],
  [['both'], 'CONFLICT', 'service/both, instance/both'],
  [['web', 'm1'], 'USAGE', 'name one service or instance'],
])('status %j is %s', async (words, code, message) => {
  const {session} = await setup()
  await expect(statusOf(session, words)).rejects.toMatchObject({code, message: expect.stringContaining(message)})
})

test('a machine of a plan that is down ends with 9 and names the way out; no password is shown', async () => {
  const {session, instance} = await setup()
  await instance.stop('m1')
  const view = await statusOf(session, ['m1'])
  expect(view.exitCode).toBe(9)
  const text = JSON.stringify(view.text(view.data as never))
  expect(text).toContain('it is stopped, but should run')
  expect(text).toContain('omni health instance/m1 --recover')
  expect(text + JSON.stringify(view.data)).not.toContain('hunter2')
})
