import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {CanaryHarness, canary, counted, stable} from './canary-kit.ts'
import {alice, eventually} from './harness.ts'

let h: CanaryHarness
beforeEach(async () => {
  h = await CanaryHarness.open()
})
afterEach(() => h.close())

/** A verdict needs twenty requests and no time. */
const auto = {canary: {auto: true, after_secs: 0, min_requests: 20}}

describe('measures', () => {
  it('are those since the canary began, all routes together', async () => {
    await h.deployed(stable())
    h.edge.stats = async () => [counted('r1', 100, 50), counted('r2', 7)]
    await h.deployed(canary('2'))
    h.edge.stats = async () => [counted('r1', 130, 51), {...counted('r1', 10), route: '/api/*'}, counted('r2', 17, 2)]

    expect((await h.service()).canary?.measures).toEqual([
      {version: 'stable', release: 'r1', replicas: 4, requests: 40, errors: 1, p95Seconds: expect.closeTo(0.0049, 4)},
      {version: 'canary', release: 'r2', replicas: 1, requests: 10, errors: 2, p95Seconds: expect.closeTo(0.0049, 4)},
    ])
  })

  it('start from zero with a new proxy', async () => {
    await h.deployed(stable())
    h.edge.stats = async () => [counted('r1', 100, 50)]
    await h.deployed(canary('2'))
    h.edge.pid = 2
    h.edge.stats = async () => [counted('r1', 130, 0)]

    expect((await h.service()).canary?.measures[0]).toMatchObject({requests: 130, errors: 0})
  })

  it('are empty while the proxy does not answer', async () => {
    await h.begun()
    h.edge.stats = async () => {
      throw new Error('away')
    }

    expect((await h.service()).canary?.measures[1]).toEqual({
      ...{version: 'canary', release: 'r2', replicas: 1, requests: 0, errors: 0},
    })
  })
})

describe('measures that decide', () => {
  it('that are good promote it unasked', async () => {
    h.edge.stats = async () => []
    await h.begun(auto)
    expect((await h.service()).canary?.reason).toBe('0 of 20 requests that a verdict needs')
    h.edge.stats = async () => [counted('r1', 100), counted('r2', 30)]

    await eventually(async () => (await h.service()).release === 'r2')
    const events = await Array.fromAsync(h.control.events({ref: 'service/web'}))
    expect(events.find(({type}) => type === 'canary.promoted')?.message).toContain('0 of 30 requests failed (0 %)')
  })

  it('that are bad abort it, with the reason in the release', async () => {
    h.edge.stats = async () => []
    await h.begun(auto)
    h.edge.stats = async () => [counted('r1', 100), counted('r2', 10, 8)]

    await eventually(async () => (await h.service()).canary === undefined)
    expect((await h.control.releases('web'))[0]).toMatchObject({
      status: 'failed',
      failure: {reason: 'CanaryAborted', message: expect.stringContaining('8 of 10 requests failed (80 %)')},
    })
    await eventually(() => h.running() === 'r1 r1 r1 r1')
  })
})

describe('measures that are asked for', () => {
  it('are asked for by a decision, which tells how it ended', async () => {
    h.edge.stats = async () => []
    await h.begun({canary: {...auto.canary, auto: false}})
    const deciding = h.control.decideCanary('web', {actor: alice})
    await eventually(async () => (await h.service()).canary?.auto)
    h.edge.stats = async () => [counted('r1', 100), counted('r2', 30)]

    const verdict = await deciding
    expect(verdict).toMatchObject({verdict: 'promoted', service: {release: 'r2', runningReplicas: 4}})
    expect(verdict.reason).toContain('0 of 30')
  })

  it('go on deciding when nobody waits any more, and over a restart of the server', async () => {
    h.edge.stats = async () => []
    await h.begun({canary: {...auto.canary, auto: false}})
    const leave = new AbortController()
    const deciding = h.control.decideCanary('web', {actor: alice, signal: leave.signal})
    await eventually(async () => (await h.service()).canary?.auto)
    leave.abort()
    await expect(deciding).rejects.toMatchObject({code: 'ABORTED'})
    h.kill()
    await h.start()
    h.edge.stats = async () => [counted('r1', 100), counted('r2', 30)]

    await eventually(async () => (await h.service()).release === 'r2')
  })

  it.each([
    ['promoted', () => h.control.promote('web', alice), 'by alice'],
    ['aborted', () => h.control.rollback('web', {actor: alice}), 'rolled back'],
    ['aborted', () => h.deploy(canary('3')), 'r3 took its place'],
  ] as const)('that are waited for end as %s when somebody else decides', async (verdict, act, reason) => {
    h.edge.stats = async () => []
    await h.begun()
    const deciding = h.control.decideCanary('web', {actor: alice})
    await eventually(async () => (await h.service()).canary?.auto)
    await act()

    expect(await deciding).toMatchObject({verdict, reason})
  })
})

describe('a verdict', () => {
  it('is told when all requests are back and nothing of the canary runs', async () => {
    h.edge.stats = async () => []
    await h.begun({canary: {...auto.canary, auto: false}})
    const deciding = h.control.decideCanary('web', {actor: alice})
    await eventually(async () => (await h.service()).canary?.auto)
    h.runtime.hook = async (step) => {
      if (step === 'stop') await new Promise((resolve) => setTimeout(resolve, 50))
    }
    h.edge.stats = async () => [counted('r1', 100), counted('r2', 30, 30)]

    expect(await deciding).toMatchObject({verdict: 'aborted', service: {release: 'r1', runningReplicas: 4}})
    expect(h.running()).toBe('r1 r1 r1 r1')
    expect(h.shares()).toEqual({r1: 100})
  })
})

describe('measures that cannot decide', () => {
  it('do not keep alive what cannot be promoted', async () => {
    h.edge.stats = async () => []
    await h.begun(auto)
    h.runtime.hook = (step, what) => {
      if (step === 'create' && what.startsWith('web r2')) throw new Error('no room')
    }
    h.edge.stats = async () => [counted('r1', 100), counted('r2', 30)]

    await eventually(() => h.running() === 'r1 r1 r1 r1')
    expect((await h.control.releases('web'))[0]?.failure?.message).toContain('could not be promoted')
  })

  it('of a service without a port cannot decide', async () => {
    const worker = {port: undefined}
    await h.begun({}, worker)

    await expect(h.control.decideCanary('web', {actor: alice})).rejects.toMatchObject({code: 'UNSUPPORTED'})
  })
})

describe('to deploy again', () => {
  const prepared = () => h.runtime.calls.filter((call) => call.startsWith('prepare'))

  it('makes a new release of the same spec and replaces every replica without a gap', async () => {
    await h.deployed(stable())
    const before = h.runtime.running('web').map(({id}) => id)
    const service = await h.control.redeploy('web', {actor: alice, reason: 'git push 1a2b3c4d'})

    expect(service).toMatchObject({release: 'r2', status: 'running', runningReplicas: 4})
    expect(h.runtime.running('web').filter(({id}) => before.includes(id))).toEqual([])
    expect(prepared()).toEqual(['prepare web r1', 'prepare web r2 forced'])
    expect((await h.control.releases('web'))[0]).toMatchObject({reason: 'git push 1a2b3c4d', spec: {env: {V: '1'}}})
    expect(h.edge.history('web')).toEqual(['', 'r1 r1 r1 r1', 'r2 r2 r2 r2'])
  })

  it('starts what does not run', async () => {
    await h.deployed(stable())
    await h.control.stop('web', alice)

    expect(await h.control.redeploy('web', {actor: alice, reason: 'redeploy'})).toMatchObject({
      ...{status: 'running', release: 'r2', runningReplicas: 4},
    })
  })

  it('follows the strategy: with canary it is a canary again', async () => {
    await h.begun()
    await h.control.promote('web', alice)
    await h.control.redeploy('web', {actor: alice, reason: 'redeploy'})

    expect(h.shares()).toEqual({r2: 75, r3: 25})
    await h.control.redeploy('web', {actor: alice, reason: 'redeploy'})
    expect(h.shares()).toEqual({r2: 75, r4: 25})
  })

  it('that fails leaves what runs', async () => {
    await h.deployed(stable())
    const before = h.runtime.running('web')
    h.runtime.hook = (step) => {
      if (step === 'prepare') throw new Error('the registry is away')
    }

    await expect(h.control.redeploy('web', {actor: alice, reason: 'redeploy'})).rejects.toThrow(/registry is away/)
    expect(h.runtime.running('web')).toEqual(before)
  })

  it('an unknown service is NOT_FOUND', async () => {
    const acting = h.control.redeploy('no', {actor: alice, reason: 'redeploy'})
    await expect(acting).rejects.toMatchObject({code: 'NOT_FOUND'})
  })
})
