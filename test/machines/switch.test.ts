import {readFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {type InstanceProvider, instanceSpec, OmniError} from '@omni-cli/sdk'
import {type Context, loadConfig, type Session} from '@omni-cli/sdk/cli'
import {createMemoryInstances, createTempHome} from '@omni-cli/testkit'
import {expect, onTestFinished, test} from 'vitest'
import {switchProvider} from '../../src/machines/switch.ts'

const CONFIG = `# mine
contexts:
  - name: lab # the rack
    providers:
      services: orca # stays
      instances: one
`

async function world(two: Partial<InstanceProvider> = {}, config = CONFIG) {
  const home = await createTempHome()
  onTestFinished(() => home[Symbol.asyncDispose]())
  const file = join(home.path, 'config.yaml')
  await writeFile(file, config)
  const one = createMemoryInstances()
  await one.create(instanceSpec.parse({name: 'web'}))
  const providers: Record<string, InstanceProvider> = {
    one: {...one, name: 'one'},
    two: {...createMemoryInstances(), name: 'two', ...two},
  }
  const {config: loaded} = await loadConfig(home.path)
  const context: Context = loaded.contexts[0] ?? {name: 'default'}
  const session = {
    home: home.path,
    config: loaded,
    context,
    contributions: Object.keys(providers).map((id) => ({kind: 'instance', id})),
    open: async (_: string, id: string) => providers[id],
  } as unknown as Session
  return {session, read: () => readFile(file, 'utf8'), folder: home.path}
}

test('the driver is written into the context; comments and the rest stay', async () => {
  const {session, read} = await world()
  expect(await switchProvider(session, 'two', {force: false})).toMatchObject({
    context: 'lab',
    provider: 'two',
    from: 'one',
    changed: true,
    left: 1,
    refused: [],
  })
  const text = await read()
  for (const part of ['# mine', '# the rack', 'services: orca', 'instances: two']) expect(text).toContain(part)
})

test('the driver in force is no change', async () => {
  const {session, read} = await world()
  expect(await switchProvider(session, 'one', {force: false})).toMatchObject({changed: false})
  expect(await read()).toBe(CONFIG)
})

test('without any context the default one is written down', async () => {
  const {session, read} = await world({}, '')
  await switchProvider(session, 'two', {force: false})
  expect(await read()).toMatch(/contexts:\n.*name: default\n.*\n.*instances: two/)
})

test('an unknown driver is NOT_FOUND with the nearest name', async () => {
  const {session} = await world()
  await expect(switchProvider(session, 'twoo', {force: false})).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining("'two'"),
  })
})

test('a driver that does not answer is refused, unless forced', async () => {
  const {session, read} = await world({check: async () => ({ok: false, message: 'no daemon', hint: 'start it'})})
  await expect(switchProvider(session, 'two', {force: false})).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: "'two' cannot be used: no daemon",
    hint: 'start it',
  })
  expect(await read()).toBe(CONFIG)
  expect(await switchProvider(session, 'two', {force: true})).toMatchObject({
    changed: true,
    problem: expect.any(String),
  })
})

test('what the driver would refuse of a plan is told, all of it, before anything is written', async () => {
  const refusals: InstanceProvider['refusals'] = async ({instances}) =>
    instances.flatMap(({name, type}) =>
      type === 'container'
        ? [{instance: name, path: ['type'], message: 'makes virtual machines only', hint: 'type: vm'}]
        : [],
    )
  const {session, read, folder} = await world({refusals})
  const plan = join(folder, 'plan.yaml')
  await writeFile(plan, 'instances:\n  a: {}\n  b: {type: vm}\n  c: {}\n')
  await expect(switchProvider(session, 'two', {force: false, plan: [plan]})).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringMatching(/a\.type: makes virtual machines only \(type: vm\)\n.*c\.type/),
  })
  expect(await read()).toBe(CONFIG)
  expect((await switchProvider(session, 'two', {force: true, plan: [plan]})).refused).toHaveLength(2)
})

test('a driver before that does not answer is no obstacle', async () => {
  const {session} = await world()
  const list = () => Promise.reject(new OmniError('UNAVAILABLE', 'gone'))
  const open = async (_: string, id: string) => ({...createMemoryInstances(), name: id, list})
  const silent = {...session, open} as unknown as Session
  const switched = await switchProvider(silent, 'two', {force: false})
  expect(switched).toMatchObject({changed: true})
  expect(switched.left).toBeUndefined()
})
