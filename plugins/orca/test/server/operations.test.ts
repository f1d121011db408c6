import {existsSync, writeFileSync} from 'node:fs'
import {createServer} from 'node:net'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {alice, Harness, spec} from './harness.ts'

let h: Harness
beforeEach(async () => {
  h = await Harness.open()
})
afterEach(() => h.close())

describe('scaling', () => {
  it('is observed, idempotent, and keeps low indexes', async () => {
    await h.deployed(spec())
    for (const count of [3, 3, 1, 0, 0, 2]) {
      const service = await h.control.scale('web', count, alice)
      expect(service).toMatchObject({desiredReplicas: count, runningReplicas: count, status: 'running'})
      expect(service.replicas.map(({index}) => index)).toEqual(Array.from({length: count}, (_, index) => index))
    }
  })

  it('up that fails changes nothing', async () => {
    await h.deployed(spec())
    h.runtime.hook = (step, what) => {
      if (step === 'create' && what.startsWith('web')) throw new Error('no room')
    }

    await expect(h.control.scale('web', 3, alice)).rejects.toMatchObject({code: 'DEPLOY_FAILED'})
    expect(await h.service()).toMatchObject({desiredReplicas: 1, runningReplicas: 1, status: 'running'})
    expect((await h.service()).lastFailure?.message).toContain('no room')
  })

  it('of a stopped service counts at its start', async () => {
    await h.deployed(spec())
    await h.control.stop('web', alice)
    expect(await h.control.scale('web', 2, alice)).toMatchObject({status: 'stopped', desiredReplicas: 2})
    expect(await h.control.start('web', alice)).toMatchObject({status: 'running', runningReplicas: 2})
  })

  it.each([-1, 1.5, 1001, Number.NaN])('to %s is refused', async (count) => {
    await h.deployed(spec())
    await expect(h.control.scale('web', count, alice)).rejects.toMatchObject({code: 'USAGE'})
  })
})

describe('stop, start and restart', () => {
  it('stop keeps spec and releases, start brings it back', async () => {
    await h.deployed(spec({replicas: 2}))
    for (const _ of [1, 2]) {
      expect(await h.control.stop('web', alice)).toMatchObject({status: 'stopped', runningReplicas: 0, endpoints: []})
    }
    expect(h.runtime.running()).toEqual([])
    for (const _ of [1, 2]) {
      expect(await h.control.start('web', alice)).toMatchObject({status: 'running', release: 'r1', runningReplicas: 2})
    }
    expect((await h.eventTypes()).filter((type) => type.startsWith('service.'))).toEqual([
      'service.stopped',
      'service.started',
    ])
  })

  it('stop takes replicas out of the table before they are stopped', async () => {
    await h.deployed(spec())
    const tablesAtStop: string[][] = []
    h.runtime.hook = (step) => {
      if (step === 'stop') tablesAtStop.push(h.edge.versions('web'))
    }
    await h.control.stop('web', alice)

    expect(tablesAtStop).toEqual([[]])
    expect(h.edge.drainedAddresses).toHaveLength(1)
  })

  it('restart replaces every replica without a gap and without a new release', async () => {
    await h.deployed(spec({replicas: 2}))
    const before = h.runtime.running('web').map(({id}) => id)
    const service = await h.control.restart('web', alice)

    expect(service).toMatchObject({status: 'running', release: 'r1', runningReplicas: 2})
    expect(h.runtime.running('web').filter(({id}) => before.includes(id))).toEqual([])
    expect(h.edge.history('web')).toEqual(['', 'r1 r1'])
  })

  it('a start that fails leaves it stopped with the reason', async () => {
    await h.deployed(spec())
    await h.control.stop('web', alice)
    h.runtime.hook = (step) => {
      if (step === 'create') throw new Error('no room')
    }

    await expect(h.control.start('web', alice)).rejects.toMatchObject({code: 'DEPLOY_FAILED'})
    expect(await h.service()).toMatchObject({status: 'stopped', replicas: []})
    expect((await h.service()).lastFailure?.message).toContain('no room')
  })

  it('unknown services are NOT_FOUND', async () => {
    for (const act of [
      () => h.control.scale('no', 1, alice),
      () => h.control.start('no', alice),
      () => h.control.stop('no', alice),
      () => h.control.restart('no', alice),
      () => h.control.rollback('no', {actor: alice}),
      () => h.control.releases('no'),
      () => Array.fromAsync(h.control.logs('no', {})),
    ]) {
      await expect(act()).rejects.toMatchObject({code: 'NOT_FOUND'})
    }
  })
})

describe('rollback', () => {
  it('is a new release of the old spec; twice is back again', async () => {
    await h.deployed(spec({env: {V: '1'}}))
    await h.deployed(spec({env: {V: '2'}}))
    const service = await h.control.rollback('web', {actor: alice})

    expect(service).toMatchObject({release: 'r3', spec: {env: {V: '1'}}, status: 'running'})
    expect((await h.control.releases('web'))[0]?.reason).toBe('rollback to r1')
    expect((await h.control.rollback('web', {actor: alice})).spec.env).toEqual({V: '2'})
  })

  it('skips failed releases and keeps the scale', async () => {
    await h.deployed(spec({env: {V: '1'}}))
    await h.deploy(spec({env: {BEHAVIOUR: 'crash'}}))
    await h.deployed(spec({env: {V: '3'}}))
    await h.control.scale('web', 2, alice)

    expect(await h.control.rollback('web', {actor: alice})).toMatchObject({spec: {env: {V: '1'}}, runningReplicas: 2})
    await expect(h.control.rollback('web', {to: 'r2', actor: alice})).rejects.toMatchObject({code: 'CONFLICT'})
  })

  it('to nothing is NOT_FOUND and changes nothing', async () => {
    await h.deployed(spec())

    await expect(h.control.rollback('web', {actor: alice})).rejects.toMatchObject({code: 'NOT_FOUND'})
    await expect(h.control.rollback('web', {to: 'r9', actor: alice})).rejects.toMatchObject({code: 'NOT_FOUND'})
    expect(await h.service()).toMatchObject({release: 'r1', status: 'running'})
  })

  it('the last 20 releases are kept', async () => {
    for (let round = 1; round <= 23; round++) await h.deployed(spec({env: {V: String(round)}}))

    const ids = (await h.control.releases('web')).map(({id}) => id)
    expect(ids).toHaveLength(20)
    expect(ids[0]).toBe('r23')
    expect(h.runtime.calls.filter((call) => call.startsWith('prune')).at(-1)).toBe('prune web 20')
  })
})

describe('removal', () => {
  it('stops and forgets; twice is no error; only purge takes volumes and logs', async () => {
    await h.deployed(spec())
    await h.control.remove('web', {actor: alice, purge: false})
    expect(h.runtime.calls).not.toContain('purge web')
    await h.control.remove('web', {actor: alice, purge: true})

    expect(h.runtime.calls.filter((call) => call.startsWith('purge'))).toEqual(['purge web'])
    expect(h.runtime.instances.size).toBe(0)
    expect(await h.control.get('web')).toBeUndefined()
    expect(h.edge.tables.at(-1)?.services).toEqual([])
  })

  it('a name that is a path touches nothing', async () => {
    writeFileSync(join(h.home, 'precious'), '')
    await h.control.remove('../..', {actor: alice, purge: true})

    expect(existsSync(join(h.home, 'precious'))).toBe(true)
  })

  it('a removed name starts with r1 again', async () => {
    await h.deployed(spec())
    await h.control.remove('web', {actor: alice, purge: false})
    await h.deployed(spec())

    expect(await h.service()).toMatchObject({release: 'r1', status: 'running'})
  })
})

describe('at the same time', () => {
  it('many deploys of one spec give one release and its replicas', async () => {
    const outcomes = await Promise.all(Array.from({length: 50}, () => h.deploy(spec({replicas: 2}))))

    expect(outcomes.flatMap(({errors}) => errors)).toEqual([])
    expect(await h.control.releases('web')).toHaveLength(1)
    expect(h.runtime.running('web')).toHaveLength(2)
  })

  it('two creations: exactly one wins', async () => {
    const create = () => h.control.deploy([spec()], {actor: alice, reason: 'deploy', onlyNew: true})
    const outcomes = await Promise.all([create(), create()])

    expect(outcomes.map(({deployed}) => deployed.length).sort()).toEqual([0, 1])
    expect(outcomes.flatMap(({errors}) => errors)).toMatchObject([{code: 'CONFLICT'}])
  })

  it('a stop after a deploy wins, whatever the deploy was doing', async () => {
    const deploying = h.deploy(spec({replicas: 3}))
    const stopped = await h.control.stop('web', alice).catch(() => h.control.stop('web', alice))
    await deploying

    expect(stopped.status).toBe('stopped')
    expect(h.runtime.running()).toEqual([])
  })

  it('a deploy and a rollback leave one version', async () => {
    await h.deployed(spec({env: {V: '1'}, replicas: 2}))
    await h.deployed(spec({env: {V: '2'}, replicas: 2}))
    await Promise.all([h.deploy(spec({env: {V: '3'}, replicas: 2})), h.control.rollback('web', {actor: alice})])

    expect(new Set(h.runtime.running('web').map(({release}) => release)).size).toBe(1)
    expect(h.runtime.running('web')).toHaveLength(2)
  })

  it('ten services get ten ports', async () => {
    const names = Array.from({length: 10}, (_, index) => `s${index}`)
    await h.deployed(...names.map((name) => spec({name})))

    const services = await h.control.list()
    expect(new Set(services.map(({endpoints}) => endpoints[0]?.url)).size).toBe(10)
    expect(services.every(({runningReplicas}) => runningReplicas === 1)).toBe(true)
  })
})

describe('ports and names', () => {
  it('a host_port of another program is refused, and the service is not made', async () => {
    const server = createServer()
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address()
        resolve(typeof address === 'object' && address !== null ? address.port : 0)
      })
    })
    const outcome = await h.deploy(spec({host_port: port}))
    server.close()

    expect(outcome.errors).toMatchObject([{code: 'CONFLICT', message: expect.stringContaining(`port ${port}`)}])
    expect(await h.control.list()).toEqual([])
  })

  it('endpoints are the open listeners', async () => {
    h.edge.refused.add(8999)
    await h.deployed(spec({project: 'shop', domain: 'Shop.example', host_port: 28_123}))
    expect((await h.service()).endpoints).toEqual([{url: 'http://127.0.0.1:28123', via: 'local'}])

    h.edge.refused.clear()
    await h.deployed(spec({project: 'shop', domain: 'Shop.example', host_port: 28_123, env: {V: '2'}}))
    expect((await h.service()).endpoints).toEqual([
      {url: 'http://127.0.0.1:28123', via: 'local'},
      {url: 'http://shop.example:8999', via: 'domain'},
    ])
    expect(h.edge.tables.at(-1)?.services[0]?.hosts).toEqual(['shop.example', 'web.localhost', 'web.shop.localhost'])
  })
})
