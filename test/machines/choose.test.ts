import {type InstanceProvider, instanceSpec, OmniError, serviceSpec} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import {createMemoryInstances, createMemoryServices} from '@omni-cli/testkit'
import {expect, test} from 'vitest'
import {rememberThings} from '../../src/completion/remember-names.ts'
import {choose, chooseMachine, type Selection} from '../../src/machines/choose.ts'
import {memorySession} from '../apply/memory-session.ts'

/** Machines are configured: a name is looked up among them whether a service has it or not. */
async function setup(changes: (instance: InstanceProvider) => Partial<InstanceProvider> = () => ({})) {
  const service = createMemoryServices()
  const instance = createMemoryInstances()
  for (const name of ['web', 'both']) {
    await service.create(serviceSpec.parse({name, image: 'x', project: 'shop', labels: {role: 'front'}}))
  }
  for (const [name, role] of [
    ['worker-1', 'worker'],
    ['worker-10', 'worker'],
    ['both', 'front'],
  ]) {
    await instance.create(instanceSpec.parse({name, metadata: {role}}))
  }
  const session = memorySession({service, instance: {...instance, ...changes(instance)}})
  return {...session, context: {name: 'default', memory: {}}}
}

/** The context says nothing of machines. */
const unconfigured = (session: Session): Session => ({...session, context: {name: 'default'}})

const down = () => {
  throw new OmniError('UNAVAILABLE', 'the daemon does not answer')
}

const refs = async (session: Session, selection: Partial<Selection>) =>
  (await choose(session, {words: [], ...selection})).map(({ref}) => ref)

test.each([
  [{words: ['web', 'worker-1', 'web']}, ['service/web', 'instance/worker-1']],
  [{words: ['vm', 'worker-1', 'both']}, ['instance/worker-1', 'instance/both']],
  [{words: ['instance/both', 'svc/both']}, ['instance/both', 'service/both']],
  [{labels: {role: 'front'}}, ['service/web', 'service/both', 'instance/both']],
  [{words: ['instances'], labels: {role: 'front'}}, ['instance/both']],
  [{all: true}, ['service/web', 'service/both']],
  [{words: ['instances'], all: true}, ['instance/worker-1', 'instance/worker-10', 'instance/both']],
  [{project: 'shop'}, ['service/web', 'service/both']],
])('%j chooses %j', async (selection, expected) => {
  using session = await setup()
  expect(await refs(session, selection)).toEqual(expected)
})

test.each([
  [{}, 'USAGE', 'name the services or instances, or give one of --label, --project and --all'],
  [{words: ['web'], all: true}, 'USAGE', 'name the services or instances'],
  [{labels: {a: 'b'}, project: 'shop'}, 'USAGE', 'name the services or instances'],
  [{words: ['both']}, 'CONFLICT', "'both' is the name of several things: service/both, instance/both"],
  [{words: ['worker']}, 'NOT_FOUND', "there is no instance 'worker'; there are 'worker-1', 'worker-10', 'both'"],
  [{words: ['nope', 'worker-1', 'nada']}, 'NOT_FOUND', "there is no service 'nada'"],
  [{words: ['../x']}, 'USAGE', "there is no kind '..'"],
  [{words: ['a\nb']}, 'USAGE', 'names no service and no instance'],
  [{words: ['instances'], labels: {role: 'none'}}, 'NOT_FOUND', 'no instance has the label role=none'],
])('%j is %s', async (selection, code, message) => {
  using session = await setup()
  await expect(refs(session, selection)).rejects.toMatchObject({code, message: expect.stringContaining(message)})
})

test('without an engine for machines a service is found all the same, and what is nowhere says why', async () => {
  using base = await setup(() => ({get: down, list: down}))
  const session = unconfigured(base)
  expect(await refs(session, {words: ['web']})).toEqual(['service/web'])
  expect(await refs(session, {labels: {role: 'front'}})).toEqual(['service/web', 'service/both'])
  await expect(refs(session, {words: ['wep']})).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message:
      "there is no service 'wep'; there are 'web', 'both'\ninstances could not be looked up: the daemon does not answer",
  })
})

test('an engine that the context names and that does not answer is the error', async () => {
  using base = await setup(() => ({get: down, list: down}))
  const session = {...base, context: {name: 'default', providers: {instances: 'memory'}}}
  await expect(refs(session, {words: ['wep']})).rejects.toMatchObject({code: 'UNAVAILABLE'})
  expect(await refs(session, {words: ['web']})).toEqual(['service/web'])
})

test('a service is not kept waiting for machines that nobody has configured, unless one of its name was seen', async () => {
  let asked = 0
  using base = await setup((instance) => ({
    get(name) {
      asked++
      return instance.get(name)
    },
  }))
  const session = unconfigured(base)
  expect(await refs(session, {words: ['web', 'both']})).toEqual(['service/web', 'service/both'])
  expect(asked).toBe(0)
  expect(await refs(session, {words: ['worker-1']})).toEqual(['instance/worker-1'])

  rememberThings(session, 'instance', [{name: 'both'}])

  await expect(refs(session, {words: ['both']})).rejects.toMatchObject({code: 'CONFLICT'})
})

test('where no plugin supplies machines nobody is asked for them', async () => {
  const service = createMemoryServices()
  await service.create(serviceSpec.parse({name: 'web', image: 'x'}))
  using session = memorySession({service})
  expect(await refs(session, {words: ['web']})).toEqual(['service/web'])
  await expect(refs(session, {words: ['wep']})).rejects.toMatchObject({
    message: "there is no service 'wep'; there is 'web'",
  })
})

test('a machine of others may have a name that ours cannot have', async () => {
  const provider = createMemoryInstances()
  provider.states.set('Build01', {name: 'Build01', status: 'running', type: 'vm', addresses: [], labels: {}})
  using session = memorySession({service: createMemoryServices(), instance: provider})
  expect((await chooseMachine(session, ['Build01'])).ref).toBe('instance/Build01')
})
