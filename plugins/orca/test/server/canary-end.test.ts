import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {CanaryHarness, canary, stable} from './canary-kit.ts'
import {alice, eventually} from './harness.ts'

let h: CanaryHarness
beforeEach(async () => {
  h = await CanaryHarness.open()
})
afterEach(() => h.close())

describe('a promotion', () => {
  it('completes the replicas first, then moves the requests, then ends the old ones', async () => {
    await h.begun()
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
    expect(await h.releases()).toEqual(['r2 active', 'r1 superseded'])
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
})

describe('a promotion that fails', () => {
  it('that cannot be completed leaves the canary as it was', async () => {
    await h.begun()
    h.runtime.hook = (step, what) => {
      if (step === 'create' && what.startsWith('web r2')) throw new Error('no room')
    }

    await expect(h.control.promote('web', alice)).rejects.toMatchObject({code: 'DEPLOY_FAILED'})
    expect(h.running()).toBe('r1 r1 r1 r1 r2')
    expect(h.shares()).toEqual({r1: 75, r2: 25})
    expect((await h.service()).canary).toMatchObject({release: 'r2'})
  })

  it('of a canary that cannot be kept alive leaves one that is tried again', async () => {
    await h.begun()
    const [only] = h.runtime.running('web').filter(({release}) => release === 'r2')
    h.runtime.hook = (step, what) => {
      if (step === 'create' && what.startsWith('web r2')) throw new Error('no room')
    }
    h.runtime.kill(only?.id ?? '', {code: 3})
    await expect(h.control.promote('web', alice)).rejects.toMatchObject({code: 'DEPLOY_FAILED'})
    h.runtime.hook = () => undefined

    await eventually(() => h.running() === 'r1 r1 r1 r1 r2')
    await eventually(() => h.shares().r2 === 25)
  })

  it('that the proxy does not take leaves the canary', async () => {
    await h.begun()
    h.edge.hook = (table) => {
      const targets = table.services[0]?.targets ?? []
      if (targets.every(({version}) => version === 'r2')) throw new Error('no proxy')
    }
    await expect(h.control.promote('web', alice)).rejects.toThrow(/no proxy/)
    h.edge.hook = () => undefined

    await eventually(() => h.shares().r1 === 75)
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
})

describe('several promotions', () => {
  it('of two at once promotes once', async () => {
    await h.begun()
    const outcomes = await Promise.allSettled([1, 2].map(() => h.control.promote('web', alice)))

    expect(outcomes.map(({status}) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(h.running()).toBe('r2 r2 r2 r2')
  })

  it('and then another canary and its abort leave the promoted one', async () => {
    await h.begun()
    await h.control.promote('web', alice)
    await h.deployed(canary('3'))
    expect(h.shares()).toEqual({r2: 75, r3: 25})
    await h.control.abortCanary('web', alice)

    expect(h.running()).toBe('r2 r2 r2 r2')
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

    await eventually(() => h.running() === 'r1 r1 r1 r1')
    expect((await h.service()).canary).toBeUndefined()
    expect(await h.releases()).toEqual(['r2 failed', 'r1 active'])
  })

  it('when the canary is open keeps it, with its release and weight', async () => {
    await h.begun()
    const before = h.runtime.running('web').map(({id}) => id)
    h.kill()
    await h.start()

    expect(h.runtime.running('web').map(({id}) => id)).toEqual(before)
    expect(h.shares()).toEqual({r1: 75, r2: 25})
    const service = await h.service()
    expect(service.canary).toMatchObject({release: 'r2', weight: 25})
    expect(service).toMatchObject({release: 'r1', runningReplicas: 4})
    expect(await h.control.promote('web', alice)).toMatchObject({release: 'r2', runningReplicas: 4})
  })

  it('with a part of both dead starts what is missing, under names of their own', async () => {
    await h.begun({canary_weight: 50})
    h.kill()
    const [first] = h.runtime.running('web')
    for (const {id, release} of h.runtime.running('web')) {
      if (id === first?.id || release === 'r2') h.runtime.kill(id, {signal: 'SIGKILL'})
    }
    await h.start()

    await eventually(() => h.running() === 'r1 r1 r1 r1 r2 r2')
    expect(new Set((await h.service()).replicas.map(({name}) => name)).size).toBe(6)
    await eventually(() => h.shares().r2 === 50)
  })
})

describe('a server that ends at once in an act', () => {
  it.each([
    ['while it is completed', 'create web r2', /^r1 r1 r1 r1 r2$/],
    ['while the old ones end', 'stop web r1', /^r2 r2 r2 r2$/],
  ])('in a promotion, %s, is in one of the two states', async (_, at, expected) => {
    await h.begun()
    h.runtime.hook = (step, what) => {
      if (`${step} ${what}`.startsWith(at) && h.control.database.isOpen) h.kill()
    }
    void h.control.promote('web', alice).catch(() => undefined)
    await eventually(() => !h.control.database.isOpen)
    h.runtime.hook = () => undefined
    await h.start()

    await eventually(() => expected.test(h.running()))
    const isPromoted = h.running().startsWith('r2')
    expect(await h.service()).toMatchObject({release: isPromoted ? 'r2' : 'r1', runningReplicas: 4})
    expect(h.shares()).toEqual(isPromoted ? {r2: 100} : {r1: 75, r2: 25})
  })

  it.each([
    ['while the third version is built', 'prepare web r3', 'r2'],
    ['while the third version starts', 'created web r3', 'r2'],
    ['while the second version ends', 'stop web r2', 'r3'],
  ])('%s has one canary', async (_, at, expected) => {
    await h.begun()
    h.runtime.hook = (step, what) => {
      if (`${step} ${what}`.startsWith(at) && h.control.database.isOpen) h.kill()
    }
    void h.deploy(canary('3')).catch(() => undefined)
    await eventually(() => !h.control.database.isOpen)
    h.runtime.hook = () => undefined
    await h.start()

    await eventually(() => h.running() === `r1 r1 r1 r1 ${expected}`)
    expect(h.shares()).toEqual({r1: 75, [expected]: 25})
    const beside = (await h.control.releases('web')).filter(({status}) => status === 'canary')
    expect(beside.map(({id}) => id)).toEqual([expected])
  })

  it.each([
    ['up', 8, 'create web r1'],
    ['down', 2, 'stop web r1'],
  ])('in a scaling %s has as many of both as belong together', async (_, count, at) => {
    await h.begun()
    h.runtime.hook = (step, what) => {
      if (`${step} ${what}`.startsWith(at) && h.control.database.isOpen) h.kill()
    }
    void h.control.scale('web', count, alice).catch(() => undefined)
    await eventually(() => !h.control.database.isOpen)
    h.runtime.hook = () => undefined
    await h.start()

    const wanted = (await h.service()).desiredReplicas
    await eventually(() => h.running() === [...Array.from({length: wanted}, () => 'r1'), 'r2'].join(' '))
    await eventually(() => h.shares().r2 === 25)
  })

  it('in an abort ends it', async () => {
    await h.begun()
    h.runtime.hook = (step, what) => {
      if (step === 'stop' && what.startsWith('web r2') && h.control.database.isOpen) h.kill()
    }
    void h.control.abortCanary('web', alice).catch(() => undefined)
    await eventually(() => !h.control.database.isOpen)
    h.runtime.hook = () => undefined
    await h.start()

    await eventually(() => h.running() === 'r1 r1 r1 r1')
    expect((await h.service()).canary).toBeUndefined()
  })
})
