import {availableParallelism} from 'node:os'
import {isOmniError, OmniError, serviceSpec} from '@omni-cli/sdk'
import {
  type ApplyEvent,
  applyError,
  applyPlan,
  type Operation,
  type Plan,
  resultData,
  type Wanted,
} from '@omni-cli/sdk/engine'
import {createMemoryInstances, createMemoryServices} from '@omni-cli/testkit'
import {expect, test} from 'vitest'

const operation = (name: string, dependsOn: string[] = [], action: Operation['action'] = 'create'): Operation => ({
  id: `service/${name}`,
  action,
  ref: `service/${name}`,
  changes: [],
  dependsOn: dependsOn.map((other) => `service/${other}`),
  reason: 'test',
})

const wanted = (name: string, fields: object = {}): Wanted => {
  const spec = serviceSpec.parse({name, image: 'x', ...fields})
  return {kind: 'service', name, spec, written: {}, plan: 'p', origin: {file: 'f', line: 1, column: 1}, folder: '/'}
}

const planOf = (operations: readonly Operation[], fields: Record<string, object> = {}): Plan => ({
  operations,
  wanted: new Map(operations.map(({id}) => [id, wanted(id.slice(8), fields[id.slice(8)])])),
  notes: [],
})

const names = (items: readonly {readonly operation: Operation}[]) => items.map((item) => item.operation.ref)

test('a failure skips its dependants, theirs too, and nothing else', async () => {
  const plan = planOf(
    [operation('bad'), operation('good'), operation('child', ['bad']), operation('grand', ['child', 'good'])],
    {
      bad: {image: undefined, command: 'exit 3'},
    },
  )
  const events: string[] = []
  const onEvent = (event: ApplyEvent) =>
    events.push('operation' in event ? `${event.type} ${event.operation.ref}` : event.type)

  const result = await applyPlan(plan, {service: createMemoryServices()}, {onEvent})

  expect(result.done.map(({ref}) => ref)).toEqual(['service/good'])
  expect(names(result.failed)).toEqual(['service/bad'])
  expect(names(result.skipped)).toEqual(['service/child', 'service/grand'])
  expect(result.skipped[1]?.reason).toBe('service/bad did not succeed')
  expect(events[0]).toBe('planned')
  expect(events).toContain('failed service/bad')
  expect(events.at(-1)).toBe('summary')
  expect(applyError(result)).toMatchObject({code: 'PARTIAL', details: resultData(result)})
})

test.each([
  ['services alone go sixteen at a time', [], 16],
  ['beside machines four for each processor, at most eight', ['instance/m'], Math.min(8, 4 * availableParallelism())],
])('%s', async (_, others, most) => {
  const services = Array.from({length: 20}, (__, index) => operation(`s${index}`, [], 'remove'))
  const operations = [...services, ...others.map((ref) => ({...operation('m', [], 'remove'), id: ref, ref}))]
  let [running, seen] = [0, 0]
  const remove = async () => {
    seen = Math.max(seen, ++running)
    await new Promise((resolve) => setImmediate(resolve))
    running--
  }

  await applyPlan({...planOf(services), operations}, {}, {remove})

  expect(seen).toBe(most)
})

test('when everything failed alike, the error is that one', async () => {
  const result = await applyPlan(
    planOf([operation('bad'), operation('child', ['bad'])], {bad: {image: undefined, command: 'exit 3'}}),
    {
      service: createMemoryServices(),
    },
  )
  expect(applyError(result)?.code).toBe('DEPLOY_FAILED')
  expect(applyError(result)?.message).toContain("service/bad: 'bad' did not start\n  │ broken on purpose")
})

test('nothing failed is no error; what stays is counted as kept', async () => {
  const result = await applyPlan(planOf([operation('a', [], 'keep'), operation('b', ['a'])]), {
    service: createMemoryServices(),
  })
  expect(applyError(result)).toBeUndefined()
  expect(resultData(result)).toEqual({
    done: [{ref: 'service/b', action: 'create'}],
    failed: [],
    skipped: [],
    kept: ['service/a'],
  })
})

test('a plan that keeps everything, and an empty one, end', async () => {
  const result = await applyPlan(planOf([operation('a', [], 'keep'), operation('b', ['a'], 'keep')]), {})
  expect(resultData(result)).toEqual({done: [], failed: [], skipped: [], kept: ['service/a', 'service/b']})
  expect((await applyPlan(planOf([]), {})).kept).toEqual([])
})

test('independent operations run side by side, at most as many as allowed, dependants after', async () => {
  let running = 0
  let most = 0
  const ended: string[] = []
  const plan = planOf([...'abcdef'].map((name) => operation(name)).concat(operation('last', ['a', 'f'])))
  const prepare = async ({name}: Wanted) => {
    most = Math.max(most, ++running)
    await new Promise((resolve) => setTimeout(resolve, 5))
    running--
    ended.push(name)
  }
  await applyPlan(plan, {service: createMemoryServices()}, {prepare, concurrency: 3})
  expect(most).toBe(3)
  expect(ended).toHaveLength(7)
  expect(ended.at(-1)).toBe('last')
})

test('after an abort nothing new is started, and what was under way is skipped as interrupted', async () => {
  const controller = new AbortController()
  const engine = createMemoryServices()
  const prepare = async ({name}: Wanted) => {
    if (name === 'b') controller.abort()
  }
  const result = await applyPlan(
    planOf([operation('a'), operation('b', ['a']), operation('c', ['b'])]),
    {service: engine},
    {
      prepare,
      signal: controller.signal,
    },
  )
  expect([...engine.entries.keys()]).toEqual(['a'])
  expect(result.done.map(({ref}) => ref)).toEqual(['service/a'])
  expect(names(result.skipped)).toEqual(['service/b', 'service/c'])
  expect(applyError(result)).toMatchObject({
    code: 'ABORTED',
    message:
      'interrupted: 1 done, 0 failed, 2 skipped\ndone: create service/a\nnot done: create service/b\nnot done: create service/c',
  })
})

test('an abort before the first operation does nothing', async () => {
  const engine = createMemoryServices()
  const result = await applyPlan(planOf([operation('a')]), {service: engine}, {signal: AbortSignal.abort()})
  expect(engine.entries.size).toBe(0)
  expect(names(result.skipped)).toEqual(['service/a'])
})

test('removals, starts and progress notes go through the driver', async () => {
  const engine = createMemoryServices()
  await engine.create(serviceSpec.parse({name: 'old', image: 'x'}))
  await engine.create(serviceSpec.parse({name: 'idle', image: 'x'}))
  await engine.stop('idle')
  const result = await applyPlan(planOf([operation('old', [], 'remove'), operation('idle', [], 'start')]), {
    service: engine,
  })
  expect(result.failed).toEqual([])
  expect([...engine.entries.values()].map(({service}) => [service.name, service.status])).toEqual([['idle', 'running']])
})

test('a machine that is replaced is removed first and runs afterwards', async () => {
  const instances = createMemoryInstances()
  await instances.create({name: 'box', image: 'old', type: 'container'})
  const plan: Plan = {
    operations: [{...operation('box', [], 'replace'), id: 'instance/box', ref: 'instance/box'}],
    wanted: new Map([
      ['instance/box', {...wanted('box'), kind: 'instance', spec: {name: 'box', image: 'new', type: 'container'}}],
    ]),
    notes: [],
  }
  const result = await applyPlan(plan, {instance: instances})
  expect(result.failed).toEqual([])
  expect(await instances.get('box')).toMatchObject({image: 'new', status: 'running'})
})

test('a kind without a driver is UNSUPPORTED, a bug is told as what it is', async () => {
  const without = await applyPlan(planOf([operation('a')]), {})
  expect(applyError(without)?.code).toBe('UNSUPPORTED')
  const broken = {...createMemoryServices(), create: () => Promise.reject(new TypeError('x is not a function'))}
  const result = await applyPlan(planOf([operation('a')]), {service: broken})
  expect(resultData(result).failed[0]?.error).toEqual({code: 'INTERNAL', message: 'x is not a function'})
  expect(applyError(result)?.code).toBe('PARTIAL')
})

test('failures of different kinds are PARTIAL', async () => {
  const engine = createMemoryServices()
  const create = (spec: {name: string}) =>
    Promise.reject(new OmniError(spec.name === 'a' ? 'UNAVAILABLE' : 'CONFLICT', `no ${spec.name}`))
  const result = await applyPlan(planOf([operation('a'), operation('b')]), {service: {...engine, create}})
  const error = applyError(result)
  expect(isOmniError(error) && error.code).toBe('PARTIAL')
  expect(error?.message).toBe('0 done, 2 failed, 0 skipped\nservice/a: no a\nservice/b: no b')
})
