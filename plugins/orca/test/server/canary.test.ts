import type {ServiceInput} from '@omni-cli/sdk'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import type {EdgeVersionStats} from '../../src/edge/table.ts'
import {alice, eventually, Harness, quick, spec} from './harness.ts'

let h: Harness
beforeEach(async () => {
  h = await Harness.open({...quick, canaryMs: 10})
})
afterEach(() => h.close())

type Deploy = NonNullable<ServiceInput['deploy']>

/** Version V, as a canary. */
const canary = (V: string, deploy: Deploy = {}, change: Partial<ServiceInput> = {}) =>
  spec({
    replicas: 4,
    env: {V},
    deploy: {strategy: 'canary', canary_weight: 25, ready_timeout_secs: 2, drain_secs: 1, ...deploy},
    ...change,
  })
const stable = (change: Partial<ServiceInput> = {}) => spec({replicas: 4, env: {V: '1'}, ...change})

/** `r1 r1 r2` of what runs. */
const running = () =>
  h.runtime
    .running('web')
    .map(({release}) => release)
    .sort()
    .join(' ')

const entry = () => h.edge.tables.at(-1)?.services.find(({service}) => service === 'web')

/** Share of the requests that each version gets. */
function shares(): Record<string, number> {
  const targets = entry()?.targets ?? []
  const total = targets.reduce((sum, {weight}) => sum + weight, 0)
  const versions: Record<string, number> = {}
  for (const {version, weight} of targets) versions[version] = (versions[version] ?? 0) + (100 * weight) / total
  return versions
}

const releases = async () => (await h.control.releases('web')).map(({id, status}) => `${id} ${status}`)

/** A service of version 1 with a canary of version 2. */
async function begun(deploy: Deploy = {}, change: Partial<ServiceInput> = {}): Promise<void> {
  await h.deployed(stable(change))
  await h.deployed(canary('2', deploy, change))
}

describe('a canary', () => {
  it('gets its share when it is ready, and the stable replicas are untouched', async () => {
    await h.deployed(stable())
    const before = h.runtime.running('web')
    await h.deployed(canary('2'))

    expect(h.runtime.running('web')).toEqual([...before, expect.objectContaining({release: 'r2', index: 4})])
    expect(shares()).toEqual({r1: 75, r2: 25})
    expect(h.edge.tables.map(({services}) => services[0]?.targets.length ?? 0).sort()).toEqual(
      expect.arrayContaining([4, 5]),
    )
    const service = await h.service()
    expect(service).toMatchObject({
      status: 'running',
      release: 'r1',
      desiredReplicas: 4,
      runningReplicas: 4,
      spec: {env: {V: '1'}},
      canary: {release: 'r2', weight: 25, auto: false, measures: [{version: 'stable'}, {version: 'canary'}]},
    })
    expect(service.replicas.map(({name, release}) => `${name} ${release}`)).toEqual([
      ...['web-0 r1', 'web-1 r1', 'web-2 r1', 'web-3 r1', 'web-4 r2'],
    ])
    expect(await releases()).toEqual(['r2 canary', 'r1 active'])
  })

  it.each([
    ['a first deploy', async () => undefined],
    ['a stopped service', async () => void (await h.deployed(stable()), await h.control.stop('web', alice))],
    ['a service of no replicas', async () => void (await h.deployed(stable()), await h.control.scale('web', 0, alice))],
  ])('%s has none: the version simply runs', async (_, prepare) => {
    await prepare()
    await h.deployed(canary('2'))

    expect((await h.service()).canary).toBeUndefined()
    expect(await h.service()).toMatchObject({status: 'running', spec: {env: {V: '2'}}, runningReplicas: 4})
    expect(new Set(h.runtime.running('web').map(({release}) => release)).size).toBe(1)
  })

  it.each([
    [0, 1],
    [1, 1],
    [50, 2],
    [51, 3],
    [100, 4],
  ])('of %i percent has %i replicas beside four', async (canary_weight, count) => {
    await begun({canary_weight})

    expect(h.runtime.running('web').filter(({release}) => release === 'r2')).toHaveLength(count)
    expect(shares()).toEqual({r1: 100 - canary_weight, r2: canary_weight})
  })

  it('that is not ready in time changes nothing', async () => {
    await h.deployed(stable())
    const before = h.runtime.running('web')
    const outcome = await h.deploy(canary('2', {ready_timeout_secs: 0.2}, {env: {V: '2', BEHAVIOUR: 'deaf'}}))

    expect(outcome.errors).toMatchObject([{code: 'DEPLOY_FAILED', details: {reason: 'NotReady'}}])
    expect(h.runtime.running('web')).toEqual(before)
    expect(shares()).toEqual({r1: 100})
    expect(await releases()).toEqual(['r2 failed', 'r1 active'])
    expect((await h.service()).canary).toBeUndefined()
  })

  it('that the proxy does not take leaves everything as it was', async () => {
    await h.deployed(stable())
    h.edge.hook = (table) => {
      if (table.services.some(({targets}) => targets.some(({version}) => version === 'r2'))) throw new Error('no proxy')
    }
    const outcome = await h.deploy(canary('2'))
    h.edge.hook = () => undefined

    expect(outcome.errors).toHaveLength(1)
    expect((await h.service()).canary).toBeUndefined()
    await eventually(() => h.edge.versions('web').join() === 'r1,r1,r1,r1')
    expect(running()).toBe('r1 r1 r1 r1')
    expect(await releases()).toEqual(['r2 failed', 'r1 active'])
  })

  it('names its targets for those who ask for them', async () => {
    await begun({canary: {header: 'X-Version', sticky: true}})

    expect(entry()).toMatchObject({pin: {header: 'x-version', cookie: 'omni-canary', isSticky: true}})
    expect(
      entry()
        ?.targets.map(({version, pin}) => `${version} ${pin}`)
        .sort(),
    ).toEqual([...['r1 stable', 'r1 stable', 'r1 stable', 'r1 stable', 'r2 canary']])
    await h.control.abortCanary('web', alice)
    expect(entry()).not.toHaveProperty('pin')
    expect(entry()?.targets[0]).not.toHaveProperty('pin')
  })
})

describe('during a canary', () => {
  it('the same spec again does nothing', async () => {
    await begun()
    const before = h.runtime.running('web')
    await h.deployed(canary('2'))

    expect(h.runtime.running('web')).toEqual(before)
    expect(await releases()).toEqual(['r2 canary', 'r1 active'])
  })

  it('another weight, pin or judge is applied in place', async () => {
    await begun()
    const before = h.runtime.running('web')
    await h.deployed(canary('2', {canary_weight: 10, canary: {header: 'x-v', auto: true}}))

    expect(h.runtime.running('web')).toEqual(before)
    expect(shares()).toEqual({r1: 90, r2: 10})
    expect(entry()?.pin).toMatchObject({header: 'x-v'})
    expect((await h.service()).canary).toMatchObject({release: 'r2', weight: 10, auto: true})
    await h.deployed(canary('2', {canary_weight: 75}))
    expect(running()).toBe('r1 r1 r1 r1 r2 r2 r2')
    expect(shares()).toEqual({r1: 25, r2: 75})
  })

  it('the stable spec again ends it', async () => {
    await begun()
    const before = h.runtime.running('web').filter(({release}) => release === 'r1')
    await h.deployed(stable())

    expect(h.runtime.running('web')).toEqual(before)
    expect(await releases()).toEqual(['r2 failed', 'r1 active'])
    expect((await h.control.releases('web'))[0]?.failure).toMatchObject({reason: 'CanaryAborted'})
  })

  it('a third version as a canary takes its place, and the stable one is untouched', async () => {
    await begun()
    const before = h.runtime.running('web').filter(({release}) => release === 'r1')
    await h.deployed(canary('3'))

    expect(running()).toBe('r1 r1 r1 r1 r3')
    expect(h.runtime.running('web')).toEqual(expect.arrayContaining(before))
    expect(shares()).toEqual({r1: 75, r3: 25})
    expect(await releases()).toEqual(['r3 canary', 'r2 failed', 'r1 active'])
  })

  it('a third version that fails leaves the canary', async () => {
    await begun()
    const outcome = await h.deploy(canary('3', {}, {env: {BEHAVIOUR: 'crash'}}))

    expect(outcome.errors).toHaveLength(1)
    expect(running()).toBe('r1 r1 r1 r1 r2')
    expect(shares()).toEqual({r1: 75, r2: 25})
    expect(await releases()).toEqual(['r3 failed', 'r2 canary', 'r1 active'])
  })

  it('a third version with another strategy rolls out, and the canary ends', async () => {
    await begun()
    await h.deployed(stable({env: {V: '3'}}))

    expect(running()).toBe('r3 r3 r3 r3')
    expect(shares()).toEqual({r3: 100})
    expect(await h.service()).toMatchObject({release: 'r3', runningReplicas: 4})
    expect((await h.service()).canary).toBeUndefined()
    expect(await releases()).toEqual(['r3 active', 'r2 failed', 'r1 superseded'])
  })

  it('one that fails to roll out leaves both', async () => {
    await begun()
    const outcome = await h.deploy(stable({env: {BEHAVIOUR: 'crash'}}))

    expect(outcome.errors).toHaveLength(1)
    expect(running()).toBe('r1 r1 r1 r1 r2')
    expect(shares()).toEqual({r1: 75, r2: 25})
  })

  it('scaling scales both, and keeps the shares', async () => {
    await begun()
    expect(await h.control.scale('web', 8, alice)).toMatchObject({desiredReplicas: 8, runningReplicas: 8})
    expect(running()).toBe('r1 r1 r1 r1 r1 r1 r1 r1 r2 r2')
    expect(shares()).toEqual({r1: 75, r2: 25})
    expect(new Set((await h.service()).replicas.map(({name}) => name)).size).toBe(10)
    await h.control.scale('web', 1, alice)
    expect(running()).toBe('r1 r2')
    expect(await h.control.promote('web', alice)).toMatchObject({release: 'r2', desiredReplicas: 1, runningReplicas: 1})
  })

  it('a restart replaces the replicas of both', async () => {
    await begun()
    const before = new Set(h.runtime.running('web').map(({id}) => id))
    await h.control.restart('web', alice)

    expect(running()).toBe('r1 r1 r1 r1 r2')
    expect(h.runtime.running('web').filter(({id}) => before.has(id))).toEqual([])
    expect(shares()).toEqual({r1: 75, r2: 25})
  })

  it('a rollback ends it and keeps the stable release', async () => {
    await begun()
    expect(await h.control.rollback('web', {actor: alice})).toMatchObject({release: 'r1', runningReplicas: 4})
    expect(running()).toBe('r1 r1 r1 r1')
    expect(await releases()).toEqual(['r2 failed', 'r1 active'])
  })

  it('a rollback to an older release ends it and rolls', async () => {
    await h.deployed(stable({env: {V: '0'}}))
    await h.deployed(stable())
    await h.deployed(canary('2'))
    await expect(h.control.rollback('web', {to: 'r3', actor: alice})).rejects.toMatchObject({code: 'CONFLICT'})
    await h.control.rollback('web', {to: 'r1', actor: alice})

    expect(running()).toBe('r4 r4 r4 r4')
    expect((await h.service()).spec.env).toEqual({V: '0'})
    expect(await releases()).toEqual(['r4 active', 'r3 failed', 'r2 superseded', 'r1 superseded'])
    await expect(h.control.rollback('web', {to: 'r3', actor: alice})).rejects.toThrow(/aborted as a canary/)
  })

  it.each([
    ['a stop', () => h.control.stop('web', alice)],
    ['scaling to 0', () => h.control.scale('web', 0, alice)],
    ['a removal', () => h.control.remove('web', {actor: alice, purge: false})],
  ])('%s ends it', async (_, act) => {
    await begun()
    await act()

    expect(h.runtime.running()).toEqual([])
    const service = await h.control.get('web')
    expect(service?.canary).toBeUndefined()
    await h.reopen()
    expect(h.runtime.running()).toEqual([])
    if (service !== undefined) expect(await releases()).toEqual(['r2 failed', 'r1 active'])
  })

  it('one that crashes is healed', async () => {
    await begun()
    const [crashed] = h.runtime.running('web').filter(({release}) => release === 'r2')
    h.runtime.kill(crashed?.id ?? '', {code: 1})
    await eventually(() => shares().r2 === 25 && entry()?.targets.some(({address}) => address !== crashed?.address))

    await eventually(() => running() === 'r1 r1 r1 r1 r2')
    expect((await h.service()).status).toBe('running')
  })

  it('one that cannot be kept alive gets no requests, and the state says so', async () => {
    await begun()
    h.runtime.hook = (step, what) => {
      if (step === 'created' && what.startsWith('web r2'))
        for (const {id, release} of h.runtime.running('web')) if (release === 'r2') h.runtime.kill(id, {code: 3})
    }
    const [first] = h.runtime.running('web').filter(({release}) => release === 'r2')
    h.runtime.kill(first?.id ?? '', {code: 3})
    const reason = await eventually(async () => (await h.service()).canary?.reason)

    expect(reason).toContain('CrashLoopBackOff')
    await eventually(() => shares().r1 === 100)
    expect(await h.service()).toMatchObject({status: 'running', runningReplicas: 4})
  })
})

describe('a promotion', () => {
  it('completes the replicas first, then moves the requests, then ends the old ones', async () => {
    await begun()
    const atStop: string[] = []
    h.runtime.hook = (step) => {
      if (step === 'stop') atStop.push(h.edge.versions('web').join(' '))
    }
    const service = await h.control.promote('web', alice)

    expect(service).toMatchObject({status: 'running', release: 'r2', runningReplicas: 4, spec: {env: {V: '2'}}})
    expect(service.canary).toBeUndefined()
    expect(service.replicas.every(({release}) => release === 'r2')).toBe(true)
    expect(new Set(atStop)).toEqual(new Set(['r2 r2 r2 r2']))
    expect(atStop).toHaveLength(4)
    expect(await releases()).toEqual(['r2 active', 'r1 superseded'])
    const counts = h.edge.tables.map(({services}) => services[0]?.targets.length ?? 0)
    expect(Math.min(...counts.slice(counts.indexOf(4)))).toBe(4)
    expect(await h.eventTypes()).toContain('canary.promoted')
  })

  it('takes the number of replicas that the new version asks for', async () => {
    await h.deployed(stable())
    await h.deployed(canary('2', {}, {replicas: 2}))
    expect(await h.service()).toMatchObject({desiredReplicas: 4, runningReplicas: 4})

    expect(await h.control.promote('web', alice)).toMatchObject({desiredReplicas: 2, runningReplicas: 2})
  })

  it('that cannot be completed leaves the canary as it was', async () => {
    await begun()
    h.runtime.hook = (step, what) => {
      if (step === 'create' && what.startsWith('web r2')) throw new Error('no room')
    }

    await expect(h.control.promote('web', alice)).rejects.toMatchObject({code: 'DEPLOY_FAILED'})
    expect(running()).toBe('r1 r1 r1 r1 r2')
    expect(shares()).toEqual({r1: 75, r2: 25})
    expect((await h.service()).canary).toMatchObject({release: 'r2'})
  })

  it('that the proxy does not take leaves the canary', async () => {
    await begun()
    h.edge.hook = (table) => {
      const targets = table.services[0]?.targets ?? []
      if (targets.every(({version}) => version === 'r2')) throw new Error('no proxy')
    }
    await expect(h.control.promote('web', alice)).rejects.toThrow(/no proxy/)
    h.edge.hook = () => undefined

    await eventually(() => shares().r1 === 75)
    expect((await h.service()).canary).toMatchObject({release: 'r2'})
    expect(await h.control.promote('web', alice)).toMatchObject({release: 'r2'})
  })

  it('without a canary is CONFLICT in the words of Orca', async () => {
    await h.deployed(stable())
    for (const verb of ['promote', 'abort', 'decide about']) {
      const act = {
        promote: () => h.control.promote('web', alice),
        abort: () => h.control.abortCanary('web', alice),
      }[verb]
      const acting = act === undefined ? h.control.decideCanary('web', {actor: alice}) : act()
      await expect(acting).rejects.toMatchObject({
        code: 'CONFLICT',
        message: `no canary instances to ${verb} for 'web'`,
      })
    }
    await expect(h.control.promote('nothing', alice)).rejects.toMatchObject({code: 'NOT_FOUND'})
  })

  it('of two at once promotes once', async () => {
    await begun()
    const outcomes = await Promise.allSettled([1, 2].map(() => h.control.promote('web', alice)))

    expect(outcomes.map(({status}) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(running()).toBe('r2 r2 r2 r2')
  })

  it('and then another canary and its abort leave the promoted one', async () => {
    await begun()
    await h.control.promote('web', alice)
    await h.deployed(canary('3'))
    expect(shares()).toEqual({r2: 75, r3: 25})
    await h.control.abortCanary('web', alice)

    expect(running()).toBe('r2 r2 r2 r2')
    expect(await h.service()).toMatchObject({release: 'r2', status: 'running', lastFailure: {reason: 'CanaryAborted'}})
  })
})

describe('a server that ends at once', () => {
  it.each(['prepare web r2', 'create web r2 4', 'created web r2 4'])('at %s has no canary afterwards', async (at) => {
    await h.deployed(stable())
    h.runtime.hook = (step, what) => {
      if (`${step} ${what}`.startsWith(at)) h.kill()
    }
    void h.deploy(canary('2')).catch(() => undefined)
    await eventually(() => !h.control.database.isOpen)
    h.runtime.hook = () => undefined
    await h.start()

    await eventually(() => running() === 'r1 r1 r1 r1')
    expect((await h.service()).canary).toBeUndefined()
    expect(await releases()).toEqual(['r2 failed', 'r1 active'])
  })

  it('when the canary is open keeps it, with its release and weight', async () => {
    await begun()
    const before = h.runtime.running('web').map(({id}) => id)
    h.kill()
    await h.start()

    expect(h.runtime.running('web').map(({id}) => id)).toEqual(before)
    expect(shares()).toEqual({r1: 75, r2: 25})
    const service = await h.service()
    expect(service.canary).toMatchObject({release: 'r2', weight: 25})
    expect(service).toMatchObject({release: 'r1', runningReplicas: 4})
    expect(await h.control.promote('web', alice)).toMatchObject({release: 'r2', runningReplicas: 4})
  })

  it('with a part of both dead starts what is missing, under names of their own', async () => {
    await begun({canary_weight: 50})
    h.kill()
    const [first] = h.runtime.running('web')
    for (const {id, release} of h.runtime.running('web')) {
      if (id === first?.id || release === 'r2') h.runtime.kill(id, {signal: 'SIGKILL'})
    }
    await h.start()

    await eventually(() => running() === 'r1 r1 r1 r1 r2 r2')
    expect(new Set((await h.service()).replicas.map(({name}) => name)).size).toBe(6)
    await eventually(() => shares().r2 === 50)
  })

  it.each([
    ['while it is completed', 'create web r2', /^r1 r1 r1 r1 r2$/],
    ['while the old ones end', 'stop web r1', /^r2 r2 r2 r2$/],
  ])('in a promotion, %s, is in one of the two states', async (_, at, expected) => {
    await begun()
    h.runtime.hook = (step, what) => {
      if (`${step} ${what}`.startsWith(at) && h.control.database.isOpen) h.kill()
    }
    void h.control.promote('web', alice).catch(() => undefined)
    await eventually(() => !h.control.database.isOpen)
    h.runtime.hook = () => undefined
    await h.start()

    await eventually(() => expected.test(running()))
    const isPromoted = running().startsWith('r2')
    expect(await h.service()).toMatchObject({release: isPromoted ? 'r2' : 'r1', runningReplicas: 4})
    expect(shares()).toEqual(isPromoted ? {r2: 100} : {r1: 75, r2: 25})
  })

  it('in an abort ends it', async () => {
    await begun()
    h.runtime.hook = (step, what) => {
      if (step === 'stop' && what.startsWith('web r2') && h.control.database.isOpen) h.kill()
    }
    void h.control.abortCanary('web', alice).catch(() => undefined)
    await eventually(() => !h.control.database.isOpen)
    h.runtime.hook = () => undefined
    await h.start()

    await eventually(() => running() === 'r1 r1 r1 r1')
    expect((await h.service()).canary).toBeUndefined()
  })
})

/** What the proxy has counted: so many requests, so many of them failed, within 5 ms. */
const counted = (version: string, requests: number, errors = 0): EdgeVersionStats => ({
  ...{service: 'web', version, route: '*', requests, seconds: requests * 0.004, inFlight: 0},
  classes: [0, 0, requests - errors, 0, 0, errors],
  buckets: [
    0,
    0,
    requests,
    requests,
    requests,
    requests,
    requests,
    requests,
    requests,
    requests,
    requests,
    requests,
    requests,
  ],
})

describe('measures', () => {
  const auto = {canary: {auto: true, after_secs: 0, min_requests: 20}}

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
    await begun()
    h.edge.stats = async () => {
      throw new Error('away')
    }

    expect((await h.service()).canary?.measures[1]).toEqual({
      ...{version: 'canary', release: 'r2', replicas: 1, requests: 0, errors: 0},
    })
  })

  it('that are good promote it unasked', async () => {
    h.edge.stats = async () => []
    await begun(auto)
    expect((await h.service()).canary?.reason).toBe('0 of 20 requests that a verdict needs')
    h.edge.stats = async () => [counted('r1', 100), counted('r2', 30)]

    await eventually(async () => (await h.service()).release === 'r2')
    const events = await Array.fromAsync(h.control.events({ref: 'service/web'}))
    expect(events.find(({type}) => type === 'canary.promoted')?.message).toContain('0 of 30 requests failed (0 %)')
  })

  it('that are bad abort it, with the reason in the release', async () => {
    h.edge.stats = async () => []
    await begun(auto)
    h.edge.stats = async () => [counted('r1', 100), counted('r2', 10, 8)]

    await eventually(async () => (await h.service()).canary === undefined)
    expect((await h.control.releases('web'))[0]).toMatchObject({
      status: 'failed',
      failure: {reason: 'CanaryAborted', message: expect.stringContaining('8 of 10 requests failed (80 %)')},
    })
    await eventually(() => running() === 'r1 r1 r1 r1')
  })

  it('are asked for by a decision, which tells how it ended', async () => {
    h.edge.stats = async () => []
    await begun({canary: {...auto.canary, auto: false}})
    const deciding = h.control.decideCanary('web', {actor: alice})
    await eventually(async () => (await h.service()).canary?.auto)
    h.edge.stats = async () => [counted('r1', 100), counted('r2', 30)]

    const verdict = await deciding
    expect(verdict).toMatchObject({verdict: 'promoted', service: {release: 'r2', runningReplicas: 4}})
    expect(verdict.reason).toContain('0 of 30')
  })

  it('go on deciding when nobody waits any more, and over a restart of the server', async () => {
    h.edge.stats = async () => []
    await begun({canary: {...auto.canary, auto: false}})
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
    await begun()
    const deciding = h.control.decideCanary('web', {actor: alice})
    await eventually(async () => (await h.service()).canary?.auto)
    await act()

    expect(await deciding).toMatchObject({verdict, reason})
  })

  it('do not keep alive what cannot be promoted', async () => {
    h.edge.stats = async () => []
    await begun(auto)
    h.runtime.hook = (step, what) => {
      if (step === 'create' && what.startsWith('web r2')) throw new Error('no room')
    }
    h.edge.stats = async () => [counted('r1', 100), counted('r2', 30)]

    await eventually(() => running() === 'r1 r1 r1 r1')
    expect((await h.control.releases('web'))[0]?.failure?.message).toContain('could not be promoted')
  })

  it('of a service without a port cannot decide', async () => {
    const worker = {port: undefined}
    await begun({}, worker)

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
    await begun()
    await h.control.promote('web', alice)
    await h.control.redeploy('web', {actor: alice, reason: 'redeploy'})

    expect(shares()).toEqual({r2: 75, r3: 25})
    await h.control.redeploy('web', {actor: alice, reason: 'redeploy'})
    expect(shares()).toEqual({r2: 75, r4: 25})
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
