import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {alice, eventually, Harness, spec} from './harness.ts'

let h: Harness
beforeEach(async () => {
  h = await Harness.open()
})
afterEach(() => h.close())

const firstId = () => h.runtime.running('web')[0]?.id ?? ''

describe('a replica that dies', () => {
  it('is out of the table at once and back quickly', async () => {
    await h.deployed(spec({replicas: 3}))
    const killed = performance.now()
    h.runtime.kill(firstId(), {signal: 'SIGKILL'})
    await eventually(() => h.edge.history('web').at(-2) === 'r1 r1' && h.edge.versions('web').length === 3)

    expect(performance.now() - killed).toBeLessThan(300)
    const service = await h.service()
    expect(service).toMatchObject({status: 'running', runningReplicas: 3})
    expect(service.replicas.map(({restarts}) => restarts).sort()).toEqual([0, 0, 1])
    expect(service.replicas.find(({restarts}) => restarts === 1)?.lastExit).toMatchObject({signal: 'SIGKILL'})
    expect(service.lastFailure).toBeUndefined()
  })

  it('again and again backs off and says why', async () => {
    await h.deployed(spec())
    for (let round = 0; round < 3; round++) {
      const id = await eventually(() => firstId() || undefined)
      h.runtime.kill(id, {code: 3})
    }
    const service = await eventually(async () => {
      const found = await h.service()
      return found.replicas[0]?.status === 'backoff' && (found.lastFailure?.lastLines.length ?? 0) > 0 && found
    })

    expect(service.status).toBe('failed')
    expect(service.lastFailure).toMatchObject({
      reason: 'CrashLoopBackOff',
      message: 'exited with code 3',
      exit: {code: 3},
      lastLines: ['broken on purpose'],
    })
    expect(service.replicas[0]?.restarts).toBe(3)
    expect(await h.eventTypes()).toContain('replica.backoff')
    await eventually(async () => (await h.service()).status === 'running')
  })

  it('by running out of memory says so', async () => {
    await h.deployed(spec())
    h.runtime.kill(firstId(), {signal: 'SIGKILL'})
    h.runtime.kill(await eventually(() => firstId() || undefined), {signal: 'SIGKILL', oomKilled: true})

    await eventually(async () => (await h.service()).lastFailure?.reason === 'OOMKilled')
  })

  it('and cannot be started again is tried until it can', async () => {
    await h.deployed(spec())
    let refusals = 3
    h.runtime.hook = (step) => {
      if (step === 'create' && refusals-- > 0) throw new Error('no room')
    }
    h.runtime.kill(firstId(), {code: 1})

    await eventually(async () => refusals < 0 && (await h.service()).runningReplicas === 1)
  })

  it.each([
    ['no', 1, 0],
    ['on-failure', 0, 0],
    ['on-failure', 1, 1],
  ])('with the policy %s and code %i is started %i times', async (restart_policy, code, restarts) => {
    await h.deployed(spec({restart_policy}))
    h.runtime.kill(firstId(), {code})

    const state = restarts === 0 ? 'exited' : 'ready'
    await eventually(async () => {
      const [replica] = (await h.service()).replicas
      return replica?.restarts === restarts && replica.status === state
    })
  })
})

describe('an end that comes at a bad moment', () => {
  it('during a stop is not made good', async () => {
    await h.deployed(spec())
    h.runtime.hook = (step) => {
      if (step === 'stop') h.runtime.kill(firstId(), {code: 0})
    }
    await h.control.stop('web', alice)

    expect(h.runtime.running()).toEqual([])
    expect(h.runtime.calls.filter((call) => call.startsWith('create '))).toHaveLength(1)
  })

  it('before the creation has returned is noticed', async () => {
    await h.deployed(spec())
    let isFirst = true
    h.runtime.hook = (step) => {
      if (step !== 'created' || !isFirst) return
      isFirst = false
      h.runtime.kill(firstId(), {code: 1})
    }
    h.runtime.kill(firstId(), {code: 1})

    await eventually(
      async () => (await h.service()).replicas[0]?.restarts === 2 && (await h.service()).runningReplicas === 1,
    )
  })

  it('behind our back is seen at a resync, and strangers go', async () => {
    await h.deployed(spec())
    h.runtime.instances.get(firstId())?.server.close()
    h.runtime.instances.clear()
    h.runtime.emit({type: 'resync'})
    await eventually(() => h.edge.history('web').length === 4 && h.edge.versions('web').length === 1)

    const stranger = h.runtime.running('web')[0]
    await h.runtime.create({
      service: 'ghost',
      index: 0,
      release: 'r1',
      spec: spec({name: 'ghost'}),
      env: {},
      prepared: {location: ''},
    })
    h.runtime.emit({type: 'resync'})
    await eventually(() => h.runtime.instances.size === 1)
    expect(firstId()).toBe(stranger?.id)
  })
})

describe('probes of a ready replica', () => {
  const readiness = {path: '/ready', interval_secs: 0.02, failure_threshold: 2}

  it('readiness takes it out of the table and back', async () => {
    await h.deployed(spec({readiness}))
    h.runtime.setStatus(firstId(), 503)
    await eventually(async () => (await h.service()).replicas[0]?.status === 'unready')
    await eventually(() => h.edge.versions('web').length === 0)
    expect((await h.service()).status).toBe('degraded')
    h.runtime.setStatus(firstId(), 200)
    await eventually(() => h.edge.versions('web').length === 1)

    expect((await h.service()).replicas[0]?.restarts).toBe(0)
  })

  it('a doubt of the proxy is settled at once', async () => {
    await h.deployed(spec({readiness: {...readiness, interval_secs: 3600}}))
    const [instance] = h.runtime.running('web')
    h.runtime.setStatus(firstId(), 503)
    h.edge.fail(instance?.address ?? '')

    await eventually(() => h.edge.versions('web').length === 0)
  })

  it('liveness puts a successor in its place before it goes', async () => {
    await h.deployed(spec({liveness: {...readiness, path: '/live'}}))
    const sick = firstId()
    h.runtime.setStatus(sick, 500)
    await eventually(() => !h.runtime.instances.has(sick) && h.runtime.running('web').length === 1)

    expect(h.edge.history('web').slice(1)).not.toContain('')
    expect(await h.eventTypes()).toContain('replica.unhealthy')
    await eventually(async () => (await h.service()).status === 'running')
  })
})

describe('a liveness probe that goes on failing', () => {
  it('restarts it in place when no successor becomes ready', async () => {
    const liveness = {path: '/live', interval_secs: 0.02, failure_threshold: 2}
    await h.deployed(spec({liveness, deploy: {ready_timeout_secs: 0.1, drain_secs: 0}, readiness: {path: '/ready'}}))
    const sick = firstId()
    h.runtime.hook = (step) => {
      // Successors answer like the sick one for a while.
      if (step === 'created') for (const {id} of h.runtime.running('web')) h.runtime.setStatus(id, 500)
    }
    h.runtime.setStatus(sick, 500)
    await eventually(() => !h.runtime.instances.has(sick))
    h.runtime.hook = () => undefined
    await eventually(async () => (await h.service()).status === 'running')

    expect(h.runtime.running('web')).toHaveLength(1)
  })
})

describe('the proxy', () => {
  it('that was started anew gets the table again', async () => {
    await h.close()
    h = await Harness.open({edgeCheckMs: 10, statsMs: 0})
    await h.deployed(spec())
    const {checks} = h.edge
    await eventually(() => h.edge.checks > checks + 1)
    h.edge.tables.length = 0
    h.edge.pid = 2

    await eventually(() => h.edge.versions('web').length === 1)
  })
})
