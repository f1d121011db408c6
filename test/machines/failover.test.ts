import {instanceSpec, OmniError} from '@omni-cli/sdk'
import {expect, test} from 'vitest'
import {chooseMoves} from '../../src/machines/failover-decide.ts'
import {refuseSplit, splitBrain} from '../../src/machines/failover-split.ts'
import {failoverView} from '../../src/machines/failover-view.ts'
import {checkAll, recoverAll} from '../../src/machines/health-report.ts'
import {readMemory} from '../../src/machines/recover-memory.ts'
import {names, PROGRESS, world} from './failover-world.ts'

test.each([
  [
    'nothing says that it holds no data',
    [{name: 'a'}],
    [],
    {a: 'may hold data: its plan does not say `failover: recreate`'},
  ],
  ['never', [{name: 'a', failover: 'never'}], [], {a: expect.stringContaining('may hold data')}],
  ['recreate', [{name: 'a', failover: 'recreate'}], ['a'], {}],
  [
    'folders of the host',
    [{name: 'a', failover: 'recreate', mounts: [{source: '/srv', target: '/srv'}]}],
    [],
    {a: 'has folders of the host inside'},
  ],
  [
    'a need over two steps',
    [
      {name: 'a', failover: 'recreate', depends_on: ['b']},
      {name: 'b', failover: 'recreate', depends_on: ['db']},
      {name: 'db'},
      {name: 'c', failover: 'recreate'},
    ],
    ['c'],
    {a: "needs 'b', which stays behind", b: "needs 'db', which stays behind", db: expect.any(String)},
  ],
])('what is made anew elsewhere: %s', (_, specs, moves, left) => {
  const choice = chooseMoves(specs.map((spec) => instanceSpec.parse(spec)))
  expect(choice.moves).toEqual(moves)
  expect(Object.fromEntries(choice.left.map(({name, reason}) => [name, reason]))).toEqual(left)
})

test('only what holds no data is made anew, after a question; the rest is named, and the exit status says so', async () => {
  const {run, second, asked, session} = await world()
  const result = await run()
  expect(result).toMatchObject({from: 'first', to: 'second', moved: ['web'], done: true})
  expect(result.left.map(({name}) => name)).toEqual(['db', 'shop'])
  expect(await names(second)).toEqual(['web'])
  expect((await second.get('web'))?.labels['omni.plan']).toBeDefined()
  expect(asked).toEqual(['make web anew at second, without the data they had at first?'])
  expect((await readMemory(session)).moved).toMatchObject([{name: 'web', from: 'first', to: 'second'}])
  expect(failoverView(result).exitCode).toBe(9)
})

test.each([
  ['while the first driver answers', {isSilent: false}, {}, 'CONFLICT', 'answers'],
  ['when nobody vouches that it is gone', {}, {primaryIsGone: false}, 'CONFLICT', 'may still run there'],
  ['without a policy', {}, {to: undefined}, 'USAGE', 'no fail-over'],
  ['to the same driver', {}, {to: 'first'}, 'USAGE', 'already'],
])('it is refused %s, and nothing is made', async (_, facts, options, code, words) => {
  const {run, second, asked} = await world(facts)
  await expect(run(options)).rejects.toMatchObject({code, message: expect.stringContaining(words)})
  expect(await names(second)).toEqual([])
  expect(asked).toEqual([])
})

test('the policy of the context names who takes over and how long the first one must be silent', async () => {
  const {run, state, second} = await world({failover: {to: 'second', after: 60_000}})
  setTimeout(() => {
    state.isSilent = false
  }, 5)
  await expect(run({to: undefined})).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('answers'),
  })
  expect(await names(second)).toEqual([])
})

test('a machine of the same name that somebody made there is not taken', async () => {
  const {run, second} = await world()
  await second.create(instanceSpec.parse({name: 'web'}))
  await expect(run()).rejects.toMatchObject({code: 'CONFLICT', message: expect.stringContaining('has web already')})
})

test('the same fail-over again changes nothing', async () => {
  const {run, second} = await world()
  await run()
  const before = await second.get('web')
  expect(await run()).toMatchObject({moved: ['web'], done: true})
  expect(await second.get('web')).toEqual(before)
})

test.each([
  ['NOT_FOUND', "it has no project 'x'", {}],
  ['UNAVAILABLE', 'database is locked', {details: {status: 500}}],
] as const)('an answer that is a failure (%s) is an answer', async (code, message, options) => {
  const {run, second, providers} = await world()
  const list = () => Promise.reject(new OmniError(code, message, options))
  providers.first = {...second, name: 'first', list}
  await expect(run()).rejects.toMatchObject({code: 'CONFLICT', message: expect.stringContaining('answers')})
  expect(await names(second)).toEqual([])
})

test('without the word of a person nothing is made', async () => {
  const {run, second, session} = await world()
  expect(await run({approve: async () => false})).toMatchObject({moved: [], done: false})
  expect(await names(second)).toEqual([])
  expect((await readMemory(session)).moved).toEqual([])
})

test('the way back is refused while both have the machine; health names the split brain', async () => {
  const {run, first, second, state, session, plan} = await world()
  await first.create(instanceSpec.parse({name: 'web', metadata: {'omni.plan': 'plan'}}))
  await run()
  state.isSilent = false
  await expect(refuseSplit(session, first, ['web', 'db'])).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('web: split brain: made anew at second on'),
    hint: expect.stringContaining('omni delete instance/web --provider second'),
  })
  const report = await checkAll(session, {plan: [plan], progress: PROGRESS})
  expect(report.instances.find(({name}) => name === 'web')).toMatchObject({
    healthy: false,
    reason: expect.stringContaining('split brain'),
  })
  // From the other side it is the same.
  expect([...(await splitBrain(session, second)).keys()]).toEqual(['web'])

  await second.remove('web')
  await refuseSplit(session, first, ['web'])
  expect((await readMemory(session)).moved).toEqual([])
})

test('a machine with two homes is not started by recovery, and nobody is told to', async () => {
  const {run, first, state, session, plan} = await world()
  await first.create(instanceSpec.parse({name: 'web', metadata: {'omni.plan': 'plan'}}))
  await first.stop('web')
  await run()
  state.isSilent = false
  const report = await recoverAll(session, {plan: [plan], progress: PROGRESS})
  expect(report.instances.find(({name}) => name === 'web')).toMatchObject({
    status: 'stopped',
    healthy: false,
    otherHome: 'second',
  })
  expect(report.recommendations).toContainEqual({
    command: 'omni get instances --provider second',
    why: 'the other home of web',
  })
  expect(report.recommendations.map(({why}) => why)).not.toContainEqual(expect.stringContaining('starts'))
})

test('while the new home does not tell, the way back is refused', async () => {
  const {run, first, second, session} = await world()
  await run()
  second.list = () => Promise.reject(new OmniError('UNAVAILABLE', 'refused'))
  await expect(refuseSplit(session, first, ['web'])).rejects.toMatchObject({code: 'CONFLICT'})
  await refuseSplit(session, first, ['db'])
})

test('at the new home the old one does not count while it is silent', async () => {
  const {run, second, session} = await world()
  await run()
  await refuseSplit(session, second, ['web'])
  expect((await readMemory(session)).moved).toHaveLength(1)
})
