import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {CanaryHarness, canary, stable} from './canary-kit.ts'
import {alice, eventually} from './harness.ts'

let h: CanaryHarness
beforeEach(async () => {
  h = await CanaryHarness.open()
})
afterEach(() => h.close())

describe('a canary', () => {
  it('gets its share when it is ready, and the stable replicas are untouched', async () => {
    await h.deployed(stable())
    const before = h.runtime.running('web')
    await h.deployed(canary('2'))

    expect(h.runtime.running('web')).toEqual([...before, expect.objectContaining({release: 'r2', index: 4})])
    expect(h.shares()).toEqual({r1: 75, r2: 25})
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
    expect(await h.releases()).toEqual(['r2 canary', 'r1 active'])
  })

  it.each([
    ['a first deploy', async () => undefined],
    ['a stopped service', () => h.control.stop('web', alice)],
    ['a service of no replicas', () => h.control.scale('web', 0, alice)],
  ])('%s has none: the version simply runs', async (what, prepare) => {
    if (what !== 'a first deploy') await h.deployed(stable())
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
    await h.begun({canary_weight})

    expect(h.runtime.running('web').filter(({release}) => release === 'r2')).toHaveLength(count)
    expect(h.shares()).toEqual({r1: 100 - canary_weight, r2: canary_weight})
  })
})

describe('a canary that fails', () => {
  it('that is not ready in time changes nothing', async () => {
    await h.deployed(stable())
    const before = h.runtime.running('web')
    const outcome = await h.deploy(canary('2', {ready_timeout_secs: 0.2}, {env: {V: '2', BEHAVIOUR: 'deaf'}}))

    expect(outcome.errors).toMatchObject([{code: 'DEPLOY_FAILED', details: {reason: 'NotReady'}}])
    expect(h.runtime.running('web')).toEqual(before)
    expect(h.shares()).toEqual({r1: 100})
    expect(await h.releases()).toEqual(['r2 failed', 'r1 active'])
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
    expect(h.running()).toBe('r1 r1 r1 r1')
    expect(await h.releases()).toEqual(['r2 failed', 'r1 active'])
  })
})

describe('a canary with pins', () => {
  it('names its targets for those who ask for them', async () => {
    await h.begun({canary: {header: 'X-Version', sticky: true}})

    expect(h.entry()).toMatchObject({pin: {header: 'x-version', cookie: 'omni-canary', isSticky: true}})
    expect(
      h
        .entry()
        ?.targets.map(({version, pin}) => `${version} ${pin}`)
        .sort(),
    ).toEqual([...['r1 stable', 'r1 stable', 'r1 stable', 'r1 stable', 'r2 canary']])
    await h.control.abortCanary('web', alice)
    expect(h.entry()).not.toHaveProperty('pin')
    expect(h.entry()?.targets[0]).not.toHaveProperty('pin')
  })
})

describe('during a canary', () => {
  it('the same spec again does nothing', async () => {
    await h.begun()
    const before = h.runtime.running('web')
    await h.deployed(canary('2'))

    expect(h.runtime.running('web')).toEqual(before)
    expect(await h.releases()).toEqual(['r2 canary', 'r1 active'])
  })

  it('another weight, pin or judge is applied in place', async () => {
    await h.begun()
    const before = h.runtime.running('web')
    await h.deployed(canary('2', {canary_weight: 10, canary: {header: 'x-v', auto: true}}))

    expect(h.runtime.running('web')).toEqual(before)
    expect(h.shares()).toEqual({r1: 90, r2: 10})
    expect(h.entry()?.pin).toMatchObject({header: 'x-v'})
    expect((await h.service()).canary).toMatchObject({release: 'r2', weight: 10, auto: true})
    await h.deployed(canary('2', {canary_weight: 75}))
    expect(h.running()).toBe('r1 r1 r1 r1 r2 r2 r2')
    expect(h.shares()).toEqual({r1: 25, r2: 75})
  })
})

describe('another version during a canary', () => {
  it('the stable spec again ends it', async () => {
    await h.begun()
    const before = h.runtime.running('web').filter(({release}) => release === 'r1')
    await h.deployed(stable())

    expect(h.runtime.running('web')).toEqual(before)
    expect(await h.releases()).toEqual(['r2 failed', 'r1 active'])
    expect((await h.control.releases('web'))[0]?.failure).toMatchObject({reason: 'CanaryAborted'})
  })

  it('a third version as a canary takes its place, and the stable one is untouched', async () => {
    await h.begun()
    const before = h.runtime.running('web').filter(({release}) => release === 'r1')
    await h.deployed(canary('3'))

    expect(h.running()).toBe('r1 r1 r1 r1 r3')
    expect(h.runtime.running('web')).toEqual(expect.arrayContaining(before))
    expect(h.shares()).toEqual({r1: 75, r3: 25})
    expect(await h.releases()).toEqual(['r3 canary', 'r2 failed', 'r1 active'])
  })

  it('a third version that fails leaves the canary', async () => {
    await h.begun()
    const outcome = await h.deploy(canary('3', {}, {env: {BEHAVIOUR: 'crash'}}))

    expect(outcome.errors).toHaveLength(1)
    expect(h.running()).toBe('r1 r1 r1 r1 r2')
    expect(h.shares()).toEqual({r1: 75, r2: 25})
    expect(await h.releases()).toEqual(['r3 failed', 'r2 canary', 'r1 active'])
  })

  it('a third version with another strategy rolls out, and the canary ends', async () => {
    await h.begun()
    await h.deployed(stable({env: {V: '3'}}))

    expect(h.running()).toBe('r3 r3 r3 r3')
    expect(h.shares()).toEqual({r3: 100})
    expect(await h.service()).toMatchObject({release: 'r3', runningReplicas: 4})
    expect((await h.service()).canary).toBeUndefined()
    expect(await h.releases()).toEqual(['r3 active', 'r2 failed', 'r1 superseded'])
  })

  it('one that fails to roll out leaves both', async () => {
    await h.begun()
    const outcome = await h.deploy(stable({env: {BEHAVIOUR: 'crash'}}))

    expect(outcome.errors).toHaveLength(1)
    expect(h.running()).toBe('r1 r1 r1 r1 r2')
    expect(h.shares()).toEqual({r1: 75, r2: 25})
  })
})

describe('an act during a canary', () => {
  it('scaling scales both, and keeps the shares', async () => {
    await h.begun()
    expect(await h.control.scale('web', 8, alice)).toMatchObject({desiredReplicas: 8, runningReplicas: 8})
    expect(h.running()).toBe('r1 r1 r1 r1 r1 r1 r1 r1 r2 r2')
    expect(h.shares()).toEqual({r1: 75, r2: 25})
    expect(new Set((await h.service()).replicas.map(({name}) => name)).size).toBe(10)
    await h.control.scale('web', 1, alice)
    expect(h.running()).toBe('r1 r2')
    expect(await h.control.promote('web', alice)).toMatchObject({release: 'r2', desiredReplicas: 1, runningReplicas: 1})
  })

  it('a restart replaces the replicas of both', async () => {
    await h.begun()
    const before = new Set(h.runtime.running('web').map(({id}) => id))
    await h.control.restart('web', alice)

    expect(h.running()).toBe('r1 r1 r1 r1 r2')
    expect(h.runtime.running('web').filter(({id}) => before.has(id))).toEqual([])
    expect(h.shares()).toEqual({r1: 75, r2: 25})
  })

  it('a rollback ends it and keeps the stable release', async () => {
    await h.begun()
    expect(await h.control.rollback('web', {actor: alice})).toMatchObject({release: 'r1', runningReplicas: 4})
    expect(h.running()).toBe('r1 r1 r1 r1')
    expect(await h.releases()).toEqual(['r2 failed', 'r1 active'])
  })

  it('a rollback to an older release ends it and rolls', async () => {
    await h.deployed(stable({env: {V: '0'}}))
    await h.deployed(stable())
    await h.deployed(canary('2'))
    await expect(h.control.rollback('web', {to: 'r3', actor: alice})).rejects.toMatchObject({code: 'CONFLICT'})
    await h.control.rollback('web', {to: 'r1', actor: alice})

    expect(h.running()).toBe('r4 r4 r4 r4')
    expect((await h.service()).spec.env).toEqual({V: '0'})
    expect(await h.releases()).toEqual(['r4 active', 'r3 failed', 'r2 superseded', 'r1 superseded'])
    await expect(h.control.rollback('web', {to: 'r3', actor: alice})).rejects.toThrow(/aborted as a canary/)
  })

  it.each([
    ['a stop', () => h.control.stop('web', alice)],
    ['scaling to 0', () => h.control.scale('web', 0, alice)],
    ['a removal', () => h.control.remove('web', {actor: alice, purge: false})],
  ])('%s ends it', async (_, act) => {
    await h.begun()
    await act()

    expect(h.runtime.running()).toEqual([])
    const service = await h.control.get('web')
    expect(service?.canary).toBeUndefined()
    await h.reopen()
    expect(h.runtime.running()).toEqual([])
    if (service !== undefined) expect(await h.releases()).toEqual(['r2 failed', 'r1 active'])
  })
})

describe('a canary that crashes', () => {
  it('one that crashes is healed', async () => {
    await h.begun()
    const [crashed] = h.runtime.running('web').filter(({release}) => release === 'r2')
    h.runtime.kill(crashed?.id ?? '', {code: 1})
    await eventually(() => h.shares().r2 === 25 && h.entry()?.targets.some(({address}) => address !== crashed?.address))

    await eventually(() => h.running() === 'r1 r1 r1 r1 r2')
    expect((await h.service()).status).toBe('running')
  })

  it('a scaling that it cannot follow changes nothing', async () => {
    await h.begun()
    const [only] = h.runtime.running('web').filter(({release}) => release === 'r2')
    h.runtime.hook = (step, what) => {
      if (step === 'create' && what.startsWith('web r2')) throw new Error('no room')
    }
    h.runtime.kill(only?.id ?? '', {code: 3})
    await expect(h.control.scale('web', 8, alice)).rejects.toMatchObject({code: 'DEPLOY_FAILED'})
    h.runtime.hook = () => undefined

    expect(await h.service()).toMatchObject({desiredReplicas: 4, runningReplicas: 4})
    await eventually(() => h.running() === 'r1 r1 r1 r1 r2')
  })

  it('one that cannot be kept alive gets no requests, and the state says so', async () => {
    await h.begun()
    h.runtime.hook = (step, what) => {
      if (step === 'created' && what.startsWith('web r2'))
        for (const {id, release} of h.runtime.running('web')) if (release === 'r2') h.runtime.kill(id, {code: 3})
    }
    const [first] = h.runtime.running('web').filter(({release}) => release === 'r2')
    h.runtime.kill(first?.id ?? '', {code: 3})
    const reason = await eventually(async () => (await h.service()).canary?.reason)

    expect(reason).toContain('CrashLoopBackOff')
    await eventually(() => h.shares().r1 === 100)
    expect(await h.service()).toMatchObject({status: 'running', runningReplicas: 4})
  })
})
