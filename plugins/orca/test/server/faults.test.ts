import {OmniError, sleep} from '@omni-cli/sdk'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {openStore} from '../../src/server/store/store.ts'
import {alice, eventually, Harness, quick, spec} from './harness.ts'

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

describe('the end and the start at bad moments', () => {
  it('with its services leaves nothing, not even what no service knows', async () => {
    await h.deployed(spec())
    await h.runtime.create({
      service: 'ghost',
      index: 0,
      release: 'r1',
      spec: spec({name: 'ghost'}),
      env: {},
      prepared: {location: ''},
    })
    await h.control.close('stop')

    expect(h.runtime.instances.size).toBe(0)
  })

  it('a store that cannot be written does not keep the server from taking over what runs', async () => {
    await h.deployed(spec())
    const reached = Promise.withResolvers<void>()
    h.runtime.hook = (step) => {
      if (step !== 'create') return
      h.kill()
      reached.resolve()
      return new Promise(() => undefined)
    }
    void h.deploy(spec({env: {V: '2'}}))
    await reached.promise
    h.runtime.hook = () => undefined
    const store = openStore(h.home)
    // As a full disk would: no row of a release can be changed.
    store.database.exec(
      "CREATE TRIGGER full BEFORE UPDATE ON releases BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END",
    )
    store.close()
    await h.start()

    expect(await h.service()).toMatchObject({status: 'running', release: 'r1', runningReplicas: 1})
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

  it('one that somebody takes between its choice and its opening is replaced', async () => {
    h.edge.hook = ({services}) => {
      h.edge.hook = () => undefined
      for (const {port} of services) h.edge.refused.add(port ?? 0)
    }
    await h.deployed(spec())

    expect(h.edge.refused.size).toBe(1)
    expect(await portOf()).toMatch(/^http:/)
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

describe('a store that cannot be written', () => {
  const fill = () => h.control.database.exec('PRAGMA max_page_count = 1')
  const free = () => h.control.database.exec('PRAGMA max_page_count = 1000000')
  /** Larger than what is left in the pages there are. */
  const large = spec({env: {V: 'x'.repeat(50_000)}})

  it('is told as what it is, and a deploy leaves the version before', async () => {
    await h.deployed(spec({env: {V: '1'}}))
    fill()
    const {errors} = await h.deploy(large)
    free()

    expect(errors).toMatchObject([{code: 'IO', message: expect.stringMatching(/'\/.+store\.db': the disk is full/)}])
    expect(await h.service()).toMatchObject({status: 'running', release: 'r1', runningReplicas: 1})
    await h.deployed(large)
  })

  it('in the middle of a deploy leaves the version before, and no release that is for ever under way', async () => {
    await h.deployed(spec({env: {V: '1'}}))
    h.runtime.hook = (step) => {
      // The new release is in the store by now; nothing more goes in.
      if (step === 'created') h.control.database.exec('PRAGMA query_only = 1')
    }
    const {errors} = await h.deploy(spec({env: {V: '2'}}))
    h.runtime.hook = () => undefined
    h.control.database.exec('PRAGMA query_only = 0')

    expect(errors).toMatchObject([{code: 'IO'}])
    expect(h.runtime.running('web').map(({release}) => release)).toEqual(['r1'])
    expect(await h.service()).toMatchObject({status: 'running', release: 'r1', runningReplicas: 1})
    await h.deployed(spec({env: {V: '3'}}))
    expect((await h.control.releases('web')).map(({id, status}) => `${id} ${status}`)).toEqual([
      'r3 active',
      'r2 failed',
      'r1 superseded',
    ])
  })
})

describe('a new version without any probe', () => {
  it('that listens and then dies is refused', async () => {
    await h.close()
    h = await Harness.open({...quick, steadyMs: 200})
    await h.deployed(spec({env: {V: '1'}}))
    h.runtime.hook = (step, what) => {
      if (step !== 'created' || !what.startsWith('web r2 ')) return
      const [newest] = h.runtime.running('web').slice(-1)
      setTimeout(() => h.runtime.kill(newest?.id ?? '', {code: 1}), 60)
    }
    const {errors} = await h.deploy(spec({env: {V: '2'}}))

    expect(errors).toMatchObject([{code: 'DEPLOY_FAILED'}])
    expect(await h.service()).toMatchObject({status: 'running', release: 'r1'})
  })

  it('that was ready before is back without that wait', async () => {
    await h.close()
    h = await Harness.open({...quick, steadyMs: 2000})
    await h.deployed(spec())
    const killed = performance.now()
    h.runtime.kill(h.runtime.running('web')[0]?.id ?? '', {signal: 'SIGKILL'})
    await eventually(async () => (await h.service()).replicas[0]?.restarts === 1 && h.edge.versions('web').length === 1)

    expect(performance.now() - killed).toBeLessThan(1500)
  })
})

describe('what is told', () => {
  it('an operation answers with what it has brought about, not with what the next one does', async () => {
    await h.deployed(spec({replicas: 2}))
    const [restarted, stopped] = await Promise.all([h.control.restart('web', alice), h.control.stop('web', alice)])

    expect(restarted).toMatchObject({status: 'running', runningReplicas: 2})
    expect(stopped).toMatchObject({status: 'stopped', runningReplicas: 0})
  })

  it('two versions on one volume are a warning, unless they never meet', async () => {
    const volume = {path: '/data'}
    await h.deployed(spec({volume, env: {V: '1'}}))
    const again = await h.deploy(spec({volume, env: {V: '1'}}))
    const rolling = await h.deploy(spec({volume, env: {V: '2'}, deploy: {strategy: 'rolling'}}))
    const alone = await h.deploy(spec({volume, env: {V: '3'}, deploy: {strategy: 'recreate'}}))

    expect([again.warnings, alone.warnings]).toEqual([[], []])
    expect(rolling.warnings).toEqual([expect.stringContaining('at the same time')])
  })

  it('a runtime that hangs does not hide the services', async () => {
    await h.deployed(spec())
    h.runtime.stats = () => new Promise(() => undefined)

    expect(await h.service()).toMatchObject({status: 'running', runningReplicas: 1})
  })
})

describe('a rollback', () => {
  it('to a version whose host name belongs to another service by now is refused', async () => {
    await h.deployed(spec({domain: 'a.example'}))
    await h.deployed(spec({domain: 'b.example'}))
    await h.deployed(spec({name: 'other', domain: 'a.example'}))

    await expect(h.control.rollback('web', {actor: alice})).rejects.toMatchObject({code: 'CONFLICT'})
    expect(await h.service()).toMatchObject({status: 'running', release: 'r2'})
  })
})

describe('many that wait for one', () => {
  it('do not keep it away', async () => {
    await h.deployed(spec({name: 'db'}))
    const [db] = h.runtime.running('db')
    h.runtime.hook = (step, what) => {
      if (step === 'create' && what.startsWith('db r1')) throw new Error('broken')
    }
    h.runtime.kill(db?.id ?? '', {code: 1})
    await eventually(async () => (await h.service('db')).status === 'failed')
    const waiting = Array.from({length: 20}, (_, index) => h.deployed(spec({name: `app${index}`, depends_on: ['db']})))
    await h.deployed(spec({name: 'db', env: {V: 'mended'}}))
    await Promise.all(waiting)

    expect(await h.service('app19')).toMatchObject({status: 'running'})
  })
})

describe('a service that never passes its liveness probe', () => {
  it('is replaced with growing pauses, counted and explained', async () => {
    const liveness = {path: '/live', interval_secs: 0.02, failure_threshold: 2}
    await h.deployed(spec({liveness, env: {BEHAVIOUR: 'sick'}}))
    await eventually(async () => ((await h.service()).replicas[0]?.restarts ?? 0) >= 3)

    expect((await h.service()).lastFailure).toMatchObject({
      reason: 'LivenessFailed',
      message: 'fails its liveness probe: GET /live answered 500',
      lastLines: ['broken on purpose'],
    })
    expect(await h.eventTypes()).toContain('replica.backoff')
  })

  it('that is well again before its turn comes is left alone', async () => {
    await h.close()
    h = await Harness.open({...quick, backoffBaseMs: 300})
    const liveness = {path: '/live', interval_secs: 0.02, failure_threshold: 2}
    await h.deployed(spec({liveness}))
    const only = () => h.runtime.running('web')[0]?.id ?? ''
    h.runtime.kill(only(), {code: 1})
    const id = await eventually(async () => ((await h.service()).runningReplicas === 1 ? only() : undefined))
    h.runtime.setStatus(id, 500)
    await eventually(async () => (await h.eventTypes()).includes('replica.backoff'))
    h.runtime.setStatus(id, 200)
    await eventually(async () => (await h.eventTypes()).includes('replica.healthy'))
    await sleep(400)

    expect(only()).toBe(id)
  })
})

describe('a creation that is answered too late', () => {
  it('leaves no replica that nobody knows', async () => {
    await h.deployed(spec())
    const create = h.runtime.create
    h.runtime.create = async (request) => {
      h.runtime.create = create
      await create.call(h.runtime, request)
      throw new OmniError('UNAVAILABLE', 'no answer in time')
    }
    await h.control.scale('web', 2, alice)

    await eventually(() => h.runtime.running('web').length === 2)
    expect((await h.service()).runningReplicas).toBe(2)
  })
})
