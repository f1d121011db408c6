import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {alice, eventually, Harness, spec} from './harness.ts'

let h: Harness
beforeEach(async () => {
  h = await Harness.open()
})
afterEach(() => h.close())

describe('a first deploy', () => {
  it('resolves when every replica is ready and in the table', async () => {
    const outcome = await h.deploy(spec({replicas: 3}))

    expect(outcome).toEqual({deployed: ['web'], errors: [], warnings: []})
    const service = await h.service()
    expect(service).toMatchObject({status: 'running', release: 'r1', desiredReplicas: 3, runningReplicas: 3})
    expect(service.replicas.map(({name, status}) => `${name} ${status}`)).toEqual([
      'web-0 ready',
      'web-1 ready',
      'web-2 ready',
    ])
    expect(h.edge.versions('web')).toEqual(['r1', 'r1', 'r1'])
    expect((await h.control.releases('web')).map(({id, status, actor}) => [id, status, actor])).toEqual([
      ['r1', 'active', 'alice'],
    ])
  })

  it('that crashes fails after two starts, leaves no replica and says why', async () => {
    const outcome = await h.deploy(spec({env: {BEHAVIOUR: 'crash'}}))

    expect(outcome.errors).toMatchObject([
      {
        service: 'web',
        code: 'DEPLOY_FAILED',
        details: {reason: 'StartFailed', exit: {code: 7}, lastLines: ['broken on purpose']},
      },
    ])
    expect(h.runtime.calls.filter((call) => call.startsWith('create web'))).toHaveLength(2)
    expect([...h.runtime.instances]).toEqual([])
    expect(await h.service()).toMatchObject({status: 'failed', replicas: [], lastFailure: {exit: {code: 7}}})
  })

  it('can be mended by the next one', async () => {
    await h.deploy(spec({env: {BEHAVIOUR: 'crash'}}))
    await h.deployed(spec())

    const service = await h.service()
    expect(service).toMatchObject({status: 'running', release: 'r2'})
    expect(service.lastFailure).toBeUndefined()
  })

  it('of a service without port only has to stay alive', async () => {
    await h.deployed(spec({name: 'worker', port: undefined}))

    expect(await h.service('worker')).toMatchObject({status: 'running', endpoints: []})
    expect(h.edge.tables.at(-1)?.services).toEqual([])
  })
})

describe('a new version', () => {
  it('replaces replicas start-first: never fewer in the table than before', async () => {
    await h.deployed(spec({replicas: 3}))
    h.runtime.bootMs = 30
    await h.deployed(spec({replicas: 3, env: {V: '2'}}))

    expect(h.edge.history('web')).toEqual(['', 'r1 r1 r1', 'r2 r2 r2'])
    expect(h.edge.drainedAddresses).toHaveLength(3)
    expect(h.runtime.running('web').map(({release}) => release)).toEqual(['r2', 'r2', 'r2'])
    expect((await h.control.releases('web')).map(({id, status}) => `${id} ${status}`)).toEqual([
      'r2 active',
      'r1 superseded',
    ])
  })

  it('of more replicas than start at once goes in waves', async () => {
    await h.deployed(spec({replicas: 40}))
    await h.deployed(spec({replicas: 40, env: {V: '2'}}))

    const counts = h.edge.history('web').map((versions) => versions.split(' ').length)
    expect(Math.min(...counts.slice(counts.indexOf(40)))).toBe(40)
    expect(h.edge.versions('web')).toEqual(Array.from({length: 40}, () => 'r2'))
  })
})

describe('a new version that fails', () => {
  it.each([
    ['crash', 'StartFailed'],
    ['sick', 'NotReady'],
    ['unbuildable', 'BuildFailed'],
  ])('because it is %s is refused as %s, and the old replicas are untouched', async (behaviour, reason) => {
    await h.deployed(spec({replicas: 2}))
    const before = h.runtime.running('web')
    const outcome = await h.deploy(
      spec({
        replicas: 2,
        env: {BEHAVIOUR: behaviour},
        health: '/healthz',
        deploy: {ready_timeout_secs: 0.2, drain_secs: 1},
      }),
    )

    expect(outcome).toMatchObject({deployed: [], errors: [{code: 'DEPLOY_FAILED', details: {reason}}]})
    expect(h.runtime.running('web')).toEqual(before)
    expect(h.edge.versions('web')).toEqual(['r1', 'r1'])
    const service = await h.service()
    expect(service).toMatchObject({status: 'running', release: 'r1', lastFailure: {reason}})
    expect(service.spec.health).toBeUndefined()
    expect((await h.control.releases('web')).map(({id, status}) => `${id} ${status}`)).toEqual([
      'r2 failed',
      'r1 active',
    ])
  })

  it('in a later wave brings the old one back in full', async () => {
    await h.deployed(spec({replicas: 12}))
    h.runtime.hook = (step, what) => {
      if (step === 'create' && what === 'web r2 11') throw new Error('no more room')
    }
    const outcome = await h.deploy(spec({replicas: 12, env: {V: '2'}}))

    expect(outcome.errors).toMatchObject([{details: {message: expect.stringContaining('no more room')}}])
    expect(h.edge.versions('web')).toEqual(Array.from({length: 12}, () => 'r1'))
    expect(h.runtime.running('web').every(({release}) => release === 'r1')).toBe(true)
    expect((await h.service()).runningReplicas).toBe(12)
  })

  it('by an abort in the middle leaves the old version and no new replica', async () => {
    await h.deployed(spec())
    const abort = new AbortController()
    h.runtime.hook = (step, what) => {
      if (step === 'created' && what === 'web r2 0') abort.abort()
    }
    const outcome = await h.control.deploy([spec({env: {BEHAVIOUR: 'deaf'}})], {
      actor: alice,
      reason: 'deploy',
      signal: abort.signal,
    })

    expect(outcome.errors).toMatchObject([{code: 'ABORTED'}])
    expect(h.runtime.running('web').map(({release}) => release)).toEqual(['r1'])
    expect(await h.service()).toMatchObject({status: 'running', release: 'r1'})
  })

  it('because of the proxy at the switch leaves the old version', async () => {
    await h.deployed(spec())
    h.edge.hook = (table) => {
      if (table.services.some(({targets}) => targets.some(({version}) => version === 'r2'))) throw new Error('no proxy')
    }
    const outcome = await h.deploy(spec({env: {V: '2'}}))

    expect(outcome.errors).toHaveLength(1)
    h.edge.hook = () => undefined
    await eventually(() => h.edge.versions('web').join() === 'r1')
    expect(h.runtime.running('web').map(({release}) => release)).toEqual(['r1'])
  })
})

describe('an old replica that cannot be stopped', () => {
  it('does not undo the new version, is shown, and goes with the next one', async () => {
    await h.deployed(spec())
    h.runtime.hook = (step) => {
      if (step === 'stop') throw new Error('the runtime is away')
    }
    await h.deployed(spec({env: {V: '2'}}))
    expect(await h.service()).toMatchObject({status: 'running', release: 'r2', runningReplicas: 1})
    expect((await h.service()).replicas.map(({status}) => status).sort()).toEqual(['ready', 'stopping'])
    expect((await h.control.releases('web')).map(({id, status}) => `${id} ${status}`)).toEqual([
      'r2 active',
      'r1 superseded',
    ])

    h.runtime.hook = () => undefined
    await h.deployed(spec({env: {V: '3'}}))
    expect(h.runtime.running('web').map(({release}) => release)).toEqual(['r3'])
  })
})

describe('the strategy', () => {
  it('recreate stops the old one first', async () => {
    await h.deployed(spec())
    await h.deployed(spec({env: {V: '2'}, deploy: {strategy: 'recreate', ready_timeout_secs: 2}}))

    expect(h.edge.history('web')).toEqual(['', 'r1', '', 'r2'])
  })

  it.each([
    ['a volume', {volume: {path: '/data'}}],
    ['published ports', {extra_ports: ['2222:22']}],
  ])('of a service with %s is recreate: two never run at once, whatever is done to it', async (_, change) => {
    await h.deployed(spec(change))
    let most = 0
    h.runtime.hook = () => {
      most = Math.max(most, h.runtime.running('web').length)
    }
    await h.deployed(spec({...change, env: {V: '2'}}))
    await h.control.restart('web', alice)
    await h.control.redeploy('web', {actor: alice, reason: 'redeploy'})
    await h.control.rollback('web', {to: 'r1', actor: alice})
    await h.deploy(spec({...change, env: {BEHAVIOUR: 'crash'}}))

    expect(most).toBe(1)
    expect(await h.service()).toMatchObject({status: 'running', release: 'r4', runningReplicas: 1})
  })

  it.each([1, 2])(
    'rolling with max_unavailable %i needs no more room than the old version',
    async (max_unavailable) => {
      const deploy = {max_unavailable, ready_timeout_secs: 2, drain_secs: 1}
      await h.deployed(spec({replicas: 5, deploy}))
      let most = 0
      h.runtime.hook = () => {
        most = Math.max(most, h.runtime.running('web').length)
      }
      await h.deployed(spec({replicas: 5, deploy, env: {V: '2'}}))

      const counts = h.edge.history('web').map((versions) => versions.split(' ').length)
      expect(most).toBe(5)
      expect(Math.min(...counts.slice(counts.indexOf(5)))).toBe(5 - max_unavailable)
      expect(h.edge.versions('web')).toEqual(['r2', 'r2', 'r2', 'r2', 'r2'])
    },
  )

  it('rolling with max_unavailable that fails has the old replicas back', async () => {
    const deploy = {max_unavailable: 2, ready_timeout_secs: 2, drain_secs: 1}
    await h.deployed(spec({replicas: 4, deploy}))
    h.runtime.hook = (step, what) => {
      if (step === 'create' && what === 'web r2 3') throw new Error('no more room')
    }
    const outcome = await h.deploy(spec({replicas: 4, deploy, env: {V: '2'}}))

    expect(outcome.errors).toMatchObject([{code: 'DEPLOY_FAILED'}])
    expect(h.edge.versions('web')).toEqual(['r1', 'r1', 'r1', 'r1'])
    expect(h.runtime.running('web').every(({release}) => release === 'r1')).toBe(true)
    expect(await h.service()).toMatchObject({release: 'r1', runningReplicas: 4, status: 'running'})
  })

  it('recreate, when it fails, brings the old one back', async () => {
    await h.deployed(spec())
    const recreate = {strategy: 'recreate', ready_timeout_secs: 2} as const
    const outcome = await h.deploy(spec({env: {BEHAVIOUR: 'crash'}, deploy: recreate}))

    expect(outcome.errors).toHaveLength(1)
    expect(h.edge.versions('web')).toEqual(['r1'])
  })
})

describe('the same again', () => {
  it('is no new release and no new replica', async () => {
    await h.deployed(spec({replicas: 2}))
    const before = h.runtime.running('web')
    for (let round = 0; round < 3; round++) expect((await h.deploy(spec({replicas: 2}))).deployed).toEqual(['web'])

    expect(h.runtime.running('web')).toEqual(before)
    expect(await h.control.releases('web')).toHaveLength(1)
  })

  it('with another number of replicas only scales', async () => {
    await h.deployed(spec({replicas: 3}))
    await h.deployed(spec({replicas: 1}))
    expect((await h.service()).replicas.map(({name}) => name)).toEqual(['web-0'])
    await h.deployed(spec({replicas: 2}))

    expect(await h.service()).toMatchObject({release: 'r1', runningReplicas: 2, desiredReplicas: 2})
  })

  it('keeps what was scaled by hand, unless the file says another number', async () => {
    await h.deployed(spec())
    await h.control.scale('web', 3, alice)
    await h.deployed(spec({env: {V: '2'}}))
    expect((await h.service()).runningReplicas).toBe(3)
    await h.deployed(spec({env: {V: '3'}, replicas: 2}))

    expect((await h.service()).runningReplicas).toBe(2)
  })

  it('of a stopped service starts it', async () => {
    await h.deployed(spec())
    await h.control.stop('web', alice)
    await h.deployed(spec())

    expect(await h.service()).toMatchObject({status: 'running', runningReplicas: 1})
  })
})

describe('several services', () => {
  it('are deployed after what they depend on, with its address in their environment', async () => {
    const outcome = await h.deploy(
      spec({name: 'app', depends_on: ['my-db', 'cache'], env: {CACHE_URL: 'mine'}}),
      spec({name: 'my-db', protocol: 'tcp'}),
      spec({name: 'cache'}),
    )

    expect(outcome.deployed.at(-1)).toBe('app')
    const created = h.runtime.calls.filter((call) => call.startsWith('create '))
    expect(created.at(-1)).toBe('create app r1 0')
    const [endpoint] = (await h.service('my-db')).endpoints
    expect(endpoint?.url).toMatch(/^tcp:\/\/127\.0\.0\.1:2\d{4}$/)
  })

  it('one that fails fails its dependants, not the others', async () => {
    const outcome = await h.deploy(
      spec({name: 'app', depends_on: ['db']}),
      spec({name: 'db', env: {BEHAVIOUR: 'crash'}}),
      spec({name: 'other'}),
    )

    expect(outcome.deployed).toEqual(['other'])
    expect(Object.fromEntries(outcome.errors.map(({service, message}) => [service, message]))).toEqual({
      app: "it depends on 'db', which could not be deployed",
      db: "'db' did not become ready: exited with code 7",
    })
  })

  it.each([
    ['a circle', [spec({name: 'a', depends_on: ['b']}), spec({name: 'b', depends_on: ['a']})], 'a → b → a'],
    ['an unknown dependency', [spec({depends_on: ['nowhere']})], "'nowhere'"],
    ['a secret', [spec({env: {KEY: ['x$', '{secrets.DB_PASS}'].join('')}})], 'DB_PASS'],
    ['an image', [spec({image: 'nginx', command: undefined})], 'images do not run here'],
    ['a probe without a port', [spec({port: undefined, health: '/'})], 'needs a port'],
    ['one host name for two', [spec({domain: 'a.test'}), spec({name: 'b', domain: 'A.test'})], "'a.test'"],
    ['one port for two', [spec({host_port: 29_999}), spec({name: 'b', host_port: 29_999})], '29999'],
  ])('%s is refused before anything happens', async (_, specs, text) => {
    const outcome = await h.deploy(...specs)

    expect(outcome.deployed).toEqual([])
    expect(outcome.errors[0]?.message).toContain(text)
    expect(h.runtime.calls).toEqual(['list'])
  })

  it('with tolerance a circle and an unknown dependency are only an order', async () => {
    const specs = [
      spec({name: 'a', depends_on: ['b']}),
      spec({name: 'b', depends_on: ['a', 'nowhere']}),
      spec({name: 'c'}),
    ]

    const outcome = await h.control.deploy(specs, {actor: alice, reason: 'deploy', isTolerant: true})

    expect(outcome).toMatchObject({deployed: ['c', 'a', 'b'], errors: []})
    await h.reopen()
    expect(await h.service('a')).toMatchObject({status: 'running'})
  })

  it('an existing dependency need not be in the request, but must run', async () => {
    await h.deployed(spec({name: 'db'}))
    await h.deployed(spec({name: 'app', depends_on: ['db']}))
    await h.control.stop('db', alice)

    const outcome = await h.deploy(spec({name: 'app2', depends_on: ['db']}))
    expect(outcome.errors[0]?.message).toContain('does not run')
  })

  it('warnings of the runtime are passed on', async () => {
    expect((await h.deploy(spec({resources: {cpu: 1}}))).warnings).toEqual(['web: limits are not enforced'])
  })
})
