import {readFile, stat, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {type Instance, type InstanceProvider, instanceSpec, OmniError} from '@omni-cli/sdk'
import type {Progress, Session} from '@omni-cli/sdk/cli'
import {PLAN_LABEL} from '@omni-cli/sdk/engine'
import {createMemoryInstances, createTempHome} from '@omni-cli/testkit'
import {expect, onTestFinished, test, vi} from 'vitest'
import {locked} from '../../src/apply/run.ts'
import type {InstanceHealth} from '../../src/machines/health.ts'
import {checkAll, recoverAll} from '../../src/machines/health-report.ts'
import {OWNER_LABEL, reasonOf, wantedOf} from '../../src/machines/health-wanted.ts'
import {recoveryOf} from '../../src/machines/recover.ts'
import {noteWish, readMemory} from '../../src/machines/recover-memory.ts'
import {healthView} from '../../src/status/health.ts'
import {observeAll} from '../../src/status/overview.ts'
import {overviewView} from '../../src/status/overview-view.ts'

const PROGRESS: Progress = {
  start: () => ({note: () => undefined, done: () => undefined, skip: () => undefined, fail: () => undefined}),
  step: (_, work) => work(PROGRESS.start('')),
  close: async () => undefined,
}
const QUESTION = {progress: PROGRESS}

/** A session whose machines are in memory: web and db belong to the plan `demo`, other to nobody. */
async function machines(parts: Partial<InstanceProvider> = {}) {
  const home = await createTempHome()
  onTestFinished(() => home[Symbol.asyncDispose]())
  const memory = createMemoryInstances()
  for (const name of ['web', 'db']) {
    await memory.create(instanceSpec.parse({name, metadata: {[PLAN_LABEL]: 'demo'}}))
  }
  await memory.create(instanceSpec.parse({name: 'other'}))
  const provider = {...memory, ...parts}
  const session = {
    home: home.path,
    context: {name: 'lab', providers: {instances: 'memory'}},
    contributions: [{kind: 'instance', id: 'memory', title: 'Memory', plugin: '', module: '', priority: 0}],
    open: async () => provider,
  } as unknown as Session
  const change = (name: string, fields: Partial<Instance>) => {
    const before = memory.states.get(name)
    if (before !== undefined) memory.states.set(name, {...before, ...fields})
  }
  const folder = home.path
  return {session, provider, memory, change, folder}
}

/** Lets faked time pass until the work has ended; what it waits for besides is real. */
async function passTime(work: Promise<unknown>): Promise<void> {
  let isOver = false
  const end = () => {
    isOver = true
  }
  work.then(end, end)
  await vi.waitFor(async () => {
    await vi.advanceTimersByTimeAsync(1_000)
    expect(isOver).toBe(true)
  })
}

const byName = (instances: readonly InstanceHealth[]) => Object.fromEntries(instances.map((one) => [one.name, one]))

test('the name of the owner label is that of the planner', () => {
  expect(OWNER_LABEL).toBe(PLAN_LABEL)
})

test.each([
  ['in the plan', {isInPlan: true}, {}, 'running'],
  ['owned by some plan', {}, {labels: {[PLAN_LABEL]: 'a'}}, 'running'],
  ['owned, but not started with its host', {}, {labels: {[PLAN_LABEL]: 'a'}, settings: {autostart: false}}, 'any'],
  ['nobody’s', {}, {}, 'any'],
  ['stopped on purpose', {isInPlan: true, stoppedOnPurpose: true}, {labels: {[PLAN_LABEL]: 'a'}}, 'stopped'],
])('what is wanted of a machine that is %s', (_, facts, fields, wanted) => {
  expect(wantedOf({labels: {}, ...fields}, {isInPlan: false, stoppedOnPurpose: false, ...facts})).toBe(wanted)
})

test.each([
  ['running', 'running', 'ready', undefined],
  ['stopped', 'running', 'unknown', 'it is stopped, but should run'],
  ['frozen', 'running', 'unknown', 'it is frozen, but should run'],
  ['stopped', 'stopped', 'unknown', undefined],
  ['stopped', 'any', 'unknown', undefined],
  ['running', 'stopped', 'ready', undefined],
  ['error', 'any', 'unknown', 'it is in an error state'],
  ['absent', 'running', 'unknown', 'the plan names it, but it is not there'],
  ['running', 'running', 'not-ready', 'it is not ready: port 80'],
] as const)('a machine that is %s and wanted %s, and %s: %s', (status, wanted, state, reason) => {
  expect(reasonOf(status, wanted, {state, stage: 'port 80'})).toBe(reason)
})

test.each([
  ['stopped', 'running', 'unknown', 'start'],
  ['frozen', 'running', 'unknown', 'start'],
  ['error', 'running', 'unknown', 'restart'],
  ['running', 'running', 'not-ready', 'restart'],
  ['stopped', 'any', 'unknown', undefined],
  ['stopped', 'stopped', 'unknown', undefined],
  ['starting', 'running', 'unknown', undefined],
  ['absent', 'running', 'unknown', undefined],
] as const)('what helps a machine that is %s, wanted %s and %s', (status, wanted, state, action) => {
  const machine = {
    name: 'a',
    provider: 'p',
    status,
    wanted,
    healthy: false,
    readiness: {state},
    stoppedOnPurpose: false,
  }
  expect(recoveryOf(machine)).toBe(action)
  expect(recoveryOf({...machine, healthy: true})).toBeUndefined()
})

test('all that runs is healthy, exit 0; a machine of nobody may be stopped', async () => {
  const {session, change} = await machines()
  change('other', {status: 'stopped'})
  const report = await checkAll(session, QUESTION)
  expect(report).toMatchObject({status: 'healthy', recommendations: [], services: []})
  expect(healthView(report).exitCode).toBe(0)
})

test('a machine of a plan that does not run is degraded, exit 9, with the command that helps', async () => {
  const {session, change} = await machines()
  change('web', {status: 'stopped'})
  const report = await checkAll(session, QUESTION)
  expect(report).toMatchObject({
    status: 'degraded',
    recommendations: [{command: 'omni health --recover', why: 'starts web'}],
  })
  expect(byName(report.instances).web).toEqual({
    name: 'web',
    provider: 'memory',
    status: 'stopped',
    wanted: 'running',
    healthy: false,
    reason: 'it is stopped, but should run',
    readiness: {state: 'unknown'},
    stoppedOnPurpose: false,
  })
  expect(healthView(report).exitCode).toBe(9)
})

test('an engine that does not answer is critical, exit 7', async () => {
  const list = () => Promise.reject(new OmniError('UNAVAILABLE', 'refused', {hint: 'start it'}))
  const {session} = await machines({list, check: async () => ({ok: false, message: 'refused', hint: 'start it'})})
  const report = await checkAll(session, QUESTION)
  expect(report).toMatchObject({status: 'critical', instances: [], recommendations: [{command: 'start it'}]})
  const {exitCode, text} = healthView(report)
  expect(exitCode).toBe(7)
  expect(JSON.stringify(text(report))).not.toContain('there are no')
})

test('with a plan, what is missing and what does not answer is told with its place', async () => {
  const {session, folder, change} = await machines()
  const plan = join(folder, 'plan.yaml')
  change('db', {addresses: []})
  await writeFile(plan, 'instances:\n  web: {}\n  gone: {}\n  db: {}\n')
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout', 'performance']})
  onTestFinished(() => void vi.useRealTimers())
  const asked = checkAll(session, {...QUESTION, plan: [plan]})
  await passTime(asked)
  const {instances, recommendations} = await asked
  expect(byName(instances)).toMatchObject({
    web: {healthy: true, readiness: {state: 'ready'}},
    gone: {status: 'absent', healthy: false, file: `${plan}:3`},
    db: {healthy: false, readiness: {state: 'not-ready', stage: 'an address', seen: 'no address'}},
    other: {wanted: 'any', healthy: true},
  })
  expect(recommendations.map(({command}) => command)).toEqual([`omni apply ${plan}`, 'omni logs db'])
})

test('machines that are asked for are not healthy because there is no engine for them', async () => {
  const {session, folder} = await machines()
  const open = () => Promise.reject(new OmniError('UNAVAILABLE', 'no instance provider is available'))
  const nowhere = {...session, context: {name: 'lab'}, open} as unknown as Session
  const plan = join(folder, 'plan.yaml')
  await writeFile(plan, 'instances:\n  web: {}\n')
  await expect(checkAll(nowhere, {...QUESTION, plan: [plan]})).rejects.toMatchObject({code: 'UNAVAILABLE'})
  expect((await checkAll(nowhere, QUESTION)).status).toBe('healthy')
})

test('services alone are critical when their engine does not answer', async () => {
  const {session} = await machines()
  const contributions = [{kind: 'service', id: 'engine', title: '', plugin: '', module: '', priority: 0}]
  const open = () => Promise.reject(new OmniError('UNAVAILABLE', 'refused'))
  const silent = {...session, contributions, open} as unknown as Session
  expect((await checkAll(silent, {...QUESTION, servicesOnly: true})).status).toBe('critical')
})

test('recovery starts what should run and leaves what was stopped on purpose', async () => {
  const {session, provider, change} = await machines()
  for (const name of ['web', 'db', 'other']) change(name, {status: 'stopped'})
  await noteWish(session, 'stop', [{kind: 'instance', name: 'db', driver: provider}])
  const report = await recoverAll(session, QUESTION)
  expect(report).toMatchObject({status: 'healthy', recovered: [{name: 'web', action: 'start', ok: true, attempts: 1}]})
  const {web, db, other} = byName(report.instances)
  expect([web?.status, db?.status, other?.status]).toEqual(['running', 'stopped', 'stopped'])
  expect(db?.stoppedOnPurpose).toBe(true)
})

test('a first boot that goes on or failed is not helped by starting again, and is not cut off', () => {
  const machine = {name: 'a', provider: 'p', status: 'running', wanted: 'running', healthy: false} as const
  const readiness = {state: 'not-ready', stage: 'cloud-init'} as const
  expect(recoveryOf({...machine, readiness, stoppedOnPurpose: false})).toBeUndefined()
})

test('recovery does not touch machines while another command changes them', async () => {
  const {session, change, memory} = await machines()
  change('web', {status: 'stopped'})
  await locked(session, 'omni apply', async () => {
    await expect(recoverAll(session, QUESTION)).rejects.toMatchObject({code: 'LOCKED'})
    expect(memory.states.get('web')?.status).toBe('stopped')
    expect(await checkAll(session, QUESTION)).toMatchObject({status: 'degraded'})
  })
})

test('a machine that is named is started whoever stopped it', async () => {
  const {session, provider, change} = await machines()
  change('db', {status: 'stopped'})
  await noteWish(session, 'stop', [{kind: 'instance', name: 'db', driver: provider}])
  const report = await recoverAll(session, {...QUESTION, machines: ['db']})
  expect(report.instances).toMatchObject([{name: 'db', status: 'running', healthy: true}])
})

test('a machine that cannot be started is tried three times, and the others are started', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0)
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout']})
  onTestFinished(() => {
    vi.restoreAllMocks()
    vi.useRealTimers()
  })
  const {session, memory, change} = await machines({
    start(name) {
      return name === 'web' ? Promise.reject(new OmniError('IO', 'no space')) : memory.start(name)
    },
  })
  for (const name of ['web', 'db']) change(name, {status: 'stopped'})
  const recovering = recoverAll(session, QUESTION)
  await passTime(recovering)
  const report = await recovering
  expect(report.recovered).toEqual([
    {name: 'db', action: 'start', ok: true, attempts: 1},
    {name: 'web', action: 'start', ok: false, attempts: 3, error: 'no space'},
  ])
  expect(healthView(report).exitCode).toBe(9)
})

test('an unknown machine is NOT_FOUND', async () => {
  const {session} = await machines()
  await expect(checkAll(session, {...QUESTION, machines: ['nobody']})).rejects.toMatchObject({code: 'NOT_FOUND'})
})

test('what was stopped on purpose and runs again should run from now on', async () => {
  const {session, provider, change} = await machines()
  await noteWish(session, 'stop', [{kind: 'instance', name: 'web', driver: provider}])
  await checkAll(session, QUESTION)
  change('web', {status: 'stopped'})
  expect((await checkAll(session, QUESTION)).status).toBe('degraded')
})

test('wishes are kept for the user alone, and a broken file is no obstacle', async () => {
  const {session, provider, folder} = await machines()
  const web = {kind: 'instance', name: 'web', driver: provider}
  await Promise.all([
    noteWish(session, 'stop', [web]),
    noteWish(session, 'stop', [{...web, name: 'db'}]),
    noteWish(session, 'stop', [{...web, kind: 'service', name: 'shop'}]),
  ])
  const file = join(folder, 'state', 'machines-lab.json')
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect(Object.keys(JSON.parse(await readFile(file, 'utf8')).stopped).toSorted()).toEqual(['memory/db', 'memory/web'])
  await noteWish(session, 'start', [web])
  expect(Object.keys((await readMemory(session)).stopped)).toEqual(['memory/db'])
  await writeFile(file, '{"stopped": 3')
  expect(await readMemory(session)).toEqual({stopped: {}, moved: [], left: []})
})

test('status tells no passwords of machines', async () => {
  const {session, change} = await machines()
  change('web', {settings: {cloud_init: '#cloud-config\npassword: hunter2', config: {password: 'hunter2'}}})
  expect(JSON.stringify(overviewView(await observeAll(session), new Date()).data)).not.toContain('hunter2')
})

test('status shows machines that are down first, and ends with 9', async () => {
  const {session, change} = await machines()
  change('web', {status: 'stopped'})
  change('db', {memoryUsedBytes: 2 ** 20, memoryBytes: 2 ** 30, startedAt: '2026-01-01T00:00:00Z'})
  const overview = await observeAll(session)
  const view = overviewView(overview, new Date('2026-01-01T01:00:00Z'))
  expect(view.exitCode).toBe(9)
  const lines = view
    .text(overview)
    .map((line) => (typeof line === 'string' ? line : line.flatMap((p) => (typeof p === 'string' ? p : p[0])).join('')))
  expect(lines.join('\n')).toMatch(
    /✖ {2}web .*\n✔ {2}db +running +container +- +1Mi\/1Gi +1h +demo +10\.0\.0\.3\n✔ {2}other/,
  )
  expect(lines.at(-1)).toContain('omni health --recover')
})
