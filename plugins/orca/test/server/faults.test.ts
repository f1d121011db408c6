import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {alice, eventually, Harness, spec} from './harness.ts'

let h: Harness
beforeEach(async () => {
  h = await Harness.open()
})
afterEach(() => h.close())

describe('the strategy recreate', () => {
  const alone = (env: Record<string, string>) =>
    spec({env, deploy: {strategy: 'recreate', ready_timeout_secs: 0.2, drain_secs: 0}})

  it('never runs two versions, also when the new one fails', async () => {
    await h.deployed(alone({V: '1'}))
    let most = 0
    h.runtime.hook = (step) => {
      if (step === 'created') most = Math.max(most, h.runtime.running('web').length)
    }
    const {errors} = await h.deploy(alone({BEHAVIOUR: 'deaf'}))

    expect(errors).toHaveLength(1)
    expect(most).toBe(1)
    expect(await h.service()).toMatchObject({status: 'running', release: 'r1', runningReplicas: 1})
  })

  it('does not start the version before while a half-made one still runs after a crash of the server', async () => {
    await h.deployed(alone({V: '1'}))
    const reached = Promise.withResolvers<void>()
    h.runtime.hook = (step, what) => {
      if (step !== 'created' || what !== 'web r2 0') return
      h.kill()
      reached.resolve()
      return new Promise(() => undefined)
    }
    void h.deploy(alone({V: '2'}))
    await reached.promise
    let most = 0
    h.runtime.hook = async (step) => {
      if (step === 'remove') await new Promise((resolve) => setTimeout(resolve, 30))
      if (step === 'created') most = Math.max(most, h.runtime.running('web').length)
    }
    await h.start()

    await eventually(async () => (await h.service()).status === 'running')
    expect(most).toBe(1)
    expect(h.runtime.running('web').map(({release}) => release)).toEqual(['r1'])
  })
})

describe('a runtime that refuses', () => {
  it('to end a replica that is not ready in time: tried again until it does', async () => {
    await h.deployed(spec({deploy: {ready_timeout_secs: 0.1, drain_secs: 0}}))
    let refusals = 2
    h.runtime.hook = (step) => {
      if (step === 'stop' && refusals-- > 0) throw new Error('not now')
    }
    // Its successor is deaf for longer than it may be.
    h.runtime.bootMs = 250
    h.runtime.kill(h.runtime.running('web')[0]?.id ?? '', {code: 1})
    await eventually(() => refusals < 0)
    h.runtime.bootMs = 0

    await eventually(async () => (await h.service()).status === 'running' && h.runtime.instances.size === 1)
  })

  it('to end an unhealthy replica: the service has what it wants all the same', async () => {
    const liveness = {path: '/live', interval_secs: 0.02, failure_threshold: 2}
    await h.deployed(spec({liveness, deploy: {strategy: 'recreate', ready_timeout_secs: 1, drain_secs: 0}}))
    let refusals = 1
    h.runtime.hook = (step) => {
      if (step === 'stop' && refusals-- > 0) throw new Error('not now')
    }
    h.runtime.setStatus(h.runtime.running('web')[0]?.id ?? '', 500)

    await eventually(() => refusals < 0)
    await eventually(async () => (await h.service()).status === 'running' && h.runtime.instances.size === 1)
  })
})

describe('a comparison with the runtime', () => {
  it('that is older than a new instance does not take it for dead', async () => {
    await h.deployed(spec())
    h.runtime.hook = async (step) => {
      if (step !== 'list') return
      h.runtime.hook = () => undefined
    }
    const {list} = h.runtime
    const reached = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    h.runtime.list = async () => {
      const found = await list.call(h.runtime)
      reached.resolve()
      await gate.promise
      return found
    }
    h.runtime.emit({type: 'resync'})
    await reached.promise
    await h.control.scale('web', 2, alice)
    h.runtime.list = list
    gate.resolve()
    await eventually(() => h.runtime.calls.filter((call) => call === 'list').length > 1)

    expect((await h.service()).replicas.map(({restarts}) => restarts)).toEqual([0, 0])
  })
})

describe('after a restart of the machine', () => {
  it('services start when what they depend on is ready', async () => {
    const [db, api, site] = [
      spec({name: 'db'}),
      spec({name: 'api', depends_on: ['db']}),
      spec({name: 'site', depends_on: ['api']}),
    ]
    await h.deployed(db, api, site)
    await h.control.close()
    for (const {id} of h.runtime.running()) h.runtime.kill(id, {signal: 'SIGKILL'})
    h.runtime.instances.clear()
    h.runtime.calls.length = 0
    h.runtime.bootMs = 40
    const early: string[] = []
    h.runtime.hook = async (step, what) => {
      if (step !== 'create') return
      const before = {api: 'db', site: 'api'}[what.split(' ')[0] ?? '']
      if (before !== undefined && (await h.service(before)).runningReplicas === 0) early.push(what)
    }
    await h.start()

    await eventually(async () => (await h.service('site')).status === 'running')
    expect(early).toEqual([])
  })

  it('a dependency that cannot be started does not keep the others away', async () => {
    await h.deployed(spec({name: 'db'}), spec({name: 'api', depends_on: ['db']}))
    await h.control.close()
    h.runtime.instances.clear()
    h.runtime.hook = (step, what) => {
      if (step === 'create' && what.startsWith('db ')) throw new Error('broken')
    }
    await h.start()

    await eventually(async () => (await h.service('api')).status === 'running')
  })

  it('a service that is stopped while it waits stays stopped', async () => {
    await h.deployed(spec({name: 'db'}), spec({name: 'api', depends_on: ['db']}))
    await h.control.close()
    h.runtime.instances.clear()
    const gate = Promise.withResolvers<void>()
    h.runtime.hook = (step, what) => (step === 'create' && what.startsWith('db ') ? gate.promise : undefined)
    await h.start()
    await h.control.stop('api', alice)
    gate.resolve()
    await eventually(async () => (await h.service('db')).status === 'running')
    await h.control.close()
    await h.start()

    expect(h.runtime.running('api')).toEqual([])
    expect(h.runtime.calls.filter((call) => call.startsWith('create api'))).toHaveLength(1)
  })
})

describe('the end of the server with its services', () => {
  it('keeps what is wanted: they run again when it comes back', async () => {
    await h.deployed(spec({replicas: 2}), spec({name: 'off'}))
    await h.control.stop('off', alice)
    await h.control.close('stop')
    expect(h.runtime.instances.size).toBe(0)
    await h.start()

    await eventually(async () => (await h.service()).runningReplicas === 2)
    expect(await h.service()).toMatchObject({status: 'running', release: 'r1'})
    expect(await h.service('off')).toMatchObject({status: 'stopped'})
  })

  it('ends those first that depend on others', async () => {
    await h.deployed(spec({name: 'db'}), spec({name: 'api', depends_on: ['db']}))
    await h.control.close('stop')

    expect(h.runtime.calls.filter((call) => call.startsWith('stop '))).toEqual(['stop api r1 0', 'stop db r1 0'])
  })
})

describe('ports', () => {
  const portOf = async () => (await h.service()).endpoints[0]?.url

  it('a service that is removed and comes back has the one it had', async () => {
    await h.deployed(spec())
    const before = await portOf()
    await h.control.remove('web', {actor: alice, purge: true})
    await h.deployed(spec())

    expect(await portOf()).toBe(before)
  })

  it('a deploy whose port somebody has taken fails and says so', async () => {
    await h.deployed(spec({host_port: 29_991}))
    h.edge.refused.add(29_991)
    const {errors} = await h.deploy(spec({host_port: 29_991, env: {V: '2'}}))

    expect(errors).toMatchObject([{message: expect.stringContaining('port 29991')}])
    expect(await h.service()).toMatchObject({release: 'r1', runningReplicas: 1})
  })

  it('another is taken by a deploy when the chosen one is lost', async () => {
    await h.deployed(spec())
    const before = Number((await portOf())?.split(':').at(-1))
    h.edge.refused.add(before)
    await h.deploy(spec({env: {V: '2'}}))
    await h.deployed(spec({env: {V: '3'}}))

    expect(await portOf()).toBeDefined()
    expect(await portOf()).not.toContain(String(before))
  })

  it('one that was lost for a while is opened again', async () => {
    await h.close()
    h = await Harness.open({edgeCheckMs: 10, statsMs: 0})
    await h.deployed(spec())
    const port = Number((await portOf())?.split(':').at(-1))
    h.edge.refused.add(port)
    h.edge.pid = 2
    await eventually(async () => (await portOf())?.includes(String(port)) !== true)
    h.edge.refused.clear()

    await eventually(async () => (await portOf())?.includes(String(port)))
  })
})

describe('releases', () => {
  it('good ones are not driven out by failed ones', async () => {
    await h.deployed(spec({env: {V: '1'}}))
    await h.deployed(spec({env: {V: '2'}}))
    for (let round = 0; round < 21; round++) await h.deploy(spec({env: {BEHAVIOUR: 'unbuildable', V: String(round)}}))
    const releases = await h.control.releases('web')

    expect(releases.length).toBeLessThan(42)
    await h.control.rollback('web', {actor: alice})
    expect(h.edge.versions('web')).toHaveLength(1)
  })
})
