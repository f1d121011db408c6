import {chmodSync, rmSync, statSync, truncateSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {DatabaseSync} from 'node:sqlite'
import {sleep} from '@omni-cli/sdk'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {planAdoption} from '../../src/server/adopt.ts'
import {createControl} from '../../src/server/create-control.ts'
import type {ServiceRow} from '../../src/server/store/services.ts'
import {alice, eventually, Harness, quick, spec} from './harness.ts'

let h: Harness
beforeEach(async () => {
  h = await Harness.open()
})
afterEach(() => h.close())

describe('a restart of the server', () => {
  it('keeps what runs, with the same table', async () => {
    await h.deployed(spec({replicas: 3}), spec({name: 'worker', port: undefined}))
    await h.control.scale('web', 2, alice)
    const before = {instances: h.runtime.running(), table: h.edge.tables.at(-1)}
    await h.reopen()

    expect(h.runtime.running()).toEqual(before.instances)
    expect(h.edge.tables.at(-1)).toEqual(before.table)
    expect(await h.service()).toMatchObject({status: 'running', runningReplicas: 2, release: 'r1'})
    expect((await h.deploy(spec({replicas: 3}))).deployed).toEqual(['web'])
  })

  it('news of the runtime in the middle of it harms nothing', async () => {
    await h.deployed(spec({replicas: 2}))
    await h.control.close()
    const before = h.runtime.running()
    h.runtime.hook = (step) => {
      if (step === 'list') h.runtime.emit({type: 'resync'})
    }
    await h.start()
    h.runtime.hook = () => undefined
    h.runtime.emit({type: 'resync'})
    await eventually(() => h.runtime.calls.filter((call) => call === 'list').length > 3)

    expect(h.runtime.running()).toEqual(before)
  })

  it('heals what it has taken over', async () => {
    await h.deployed(spec())
    await h.reopen()
    h.runtime.kill(h.runtime.running('web')[0]?.id ?? '', {signal: 'SIGKILL'})

    await eventually(
      async () => (await h.service()).replicas[0]?.restarts === 1 && h.runtime.running('web').length === 1,
    )
  })
})

describe('a restart of the server that finds things changed', () => {
  it('starts what has died meanwhile and removes what is too much', async () => {
    await h.deployed(spec({replicas: 2}))
    await h.control.close()
    const [first, second] = h.runtime.running('web')
    h.runtime.kill(first?.id ?? '', {code: 1})
    for (const [service, release, index] of [
      ['web', 'r0', 1],
      ['web', 'r1', 1],
      ['ghost', 'r1', 0],
    ] as const) {
      await h.runtime.create({service, release, index, spec: spec(), env: {}, prepared: {location: ''}})
    }
    await h.start()

    await eventually(async () => (await h.service()).runningReplicas === 2 && h.runtime.instances.size === 2)
    expect(h.runtime.running().map(({service, release}) => `${service} ${release}`)).toEqual(['web r1', 'web r1'])
    expect(h.runtime.running().map(({id}) => id)).toContain(second?.id)
  })

  it('leaves a stopped service stopped', async () => {
    await h.deployed(spec())
    await h.control.stop('web', alice)
    await h.reopen()

    expect(await h.service()).toMatchObject({status: 'stopped', replicas: []})
  })

  it('a replica that refuses connections is not put into the table', async () => {
    await h.deployed(spec())
    await h.control.close()
    const [instance] = [...h.runtime.instances.values()]
    await new Promise((resolve) => instance?.server.close(resolve))
    await h.start()

    expect(h.edge.versions('web')).toEqual([])
  })

  it('a port that somebody took is replaced', async () => {
    await h.deployed(spec())
    const port = h.edge.tables.at(-1)?.services[0]?.port ?? 0
    await h.control.close()
    h.edge.refused.add(port)
    await h.start()

    const [endpoint] = (await h.service()).endpoints
    expect(endpoint?.url).not.toContain(String(port))
  })
})

describe('the end of the server during a deploy', () => {
  const v2 = spec({replicas: 2, env: {V: '2'}})

  it.each([
    ['prepare', 'web r2'],
    ['create', 'web r2 0'],
    ['created', 'web r2 1'],
  ])('killed at %s: the old version is there and the release has failed', async (step, what) => {
    await h.deployed(spec({replicas: 2}))
    const before = h.runtime.running('web').map(({id}) => id)
    await killedAt(step, what)
    await h.start()

    await eventually(() => h.runtime.instances.size === 2)
    expect(h.runtime.running('web').map(({id}) => id)).toEqual(before)
    expect(await h.service()).toMatchObject({status: 'running', release: 'r1', runningReplicas: 2})
    const [newest] = await h.control.releases('web')
    expect(newest).toMatchObject({id: 'r2', status: 'failed'})
    expect(newest?.failure?.message).toBe('interrupted by a restart of the server')
  })

  it('killed after the switch: the new version is there', async () => {
    await h.deployed(spec({replicas: 2}))
    await killedAt('stop', 'web r1 0')
    await h.start()

    await eventually(() => h.runtime.instances.size === 2)
    expect(h.runtime.running('web').map(({release}) => release)).toEqual(['r2', 'r2'])
    expect(await h.service()).toMatchObject({status: 'running', release: 'r2', runningReplicas: 2})
  })

  it('killed in the first deploy: nothing is left but the failure', async () => {
    await killedAt('created', 'web r1 0')
    await h.start()

    await eventually(() => h.runtime.instances.size === 0)
    expect(await h.service()).toMatchObject({status: 'failed', lastFailure: {reason: 'Interrupted'}})
  })

  it('a clean end goes back to the old version itself', async () => {
    await h.deployed(spec({replicas: 2}))
    const reached = Promise.withResolvers<void>()
    h.runtime.hook = (step, what) => {
      if (step === 'created' && what === 'web r2 0') reached.resolve()
    }
    const deploying = h.deploy(spec({replicas: 2, env: {BEHAVIOUR: 'deaf'}}))
    await reached.promise
    await h.control.close()

    expect((await deploying).errors).toMatchObject([{code: 'ABORTED'}])
    expect(h.runtime.running('web').map(({release}) => release)).toEqual(['r1', 'r1'])
  })

  /** As a SIGKILL would: from that step on nothing of the old server has an effect any more. */
  async function killedAt(step: string, what: string): Promise<void> {
    const reached = Promise.withResolvers<void>()
    h.runtime.hook = (at, of) => {
      if (at !== step || of !== what) return
      h.kill()
      reached.resolve()
      return new Promise(() => undefined)
    }
    void h.deploy(v2)
    await reached.promise
    h.runtime.hook = () => undefined
  }
})

describe('the end of the server', () => {
  it('waits for a table that is under way, and none comes after it', async () => {
    await h.deployed(spec({replicas: 2}))
    const reached = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    h.edge.hook = () => {
      reached.resolve()
      return gate.promise
    }
    for (const {id} of h.runtime.running('web')) h.runtime.kill(id, {code: 1})
    await reached.promise
    let isClosed = false
    const closing = h.control.close().then(() => {
      isClosed = true
    })
    await sleep(30)
    expect(isClosed).toBe(false)
    gate.resolve()
    await closing
    const count = h.edge.tables.length
    await sleep(30)

    expect(h.edge.tables).toHaveLength(count)
  })
})

describe('the store', () => {
  const path = () => join(h.home, 'engine', 'store.db')
  const open = () =>
    createControl({home: h.home, runtime: h.runtime, edge: h.edge, clusterName: 'x', edgeHttp: ':8999', timing: quick})

  it('is for its owner only', () => {
    expect(statSync(path()).mode & 0o777).toBe(0o600)
  })

  it('belongs to one server at a time', async () => {
    await expect(open()).rejects.toMatchObject({code: 'LOCKED'})
  })

  it('of a newer version is refused', async () => {
    await h.control.close()
    const database = new DatabaseSync(path())
    database.exec('PRAGMA user_version = 99')
    database.close()

    await expect(open()).rejects.toMatchObject({code: 'CONFLICT', message: expect.stringContaining('newer version')})
  })

  it.each([
    ['garbage', () => writeFileSync(path(), 'x'.repeat(8192))],
    ['cut off', () => truncateSync(path(), 5000)],
  ])('that is %s is refused with a way out', async (_, damage) => {
    await h.deployed(spec())
    await h.control.close()
    rmSync(`${path()}-wal`, {force: true})
    damage()

    await expect(open()).rejects.toMatchObject({code: 'IO', message: expect.stringContaining('is damaged')})
  })

  it.skipIf(process.getuid?.() === 0)('that cannot be read is refused', async () => {
    await h.control.close()
    chmodSync(path(), 0)

    await expect(open()).rejects.toMatchObject({code: 'IO'})
  })
})

describe('planAdoption', () => {
  const row = (change: Partial<ServiceRow>): ServiceRow => ({
    name: 'web',
    spec: spec(),
    desired: 2,
    state: 'running',
    release: 'r1',
    port: 20_000,
    createdAt: '',
    updatedAt: '',
    ...change,
  })
  const instance = (id: string, index: number, release = 'r1') =>
    ({id, service: 'web', index, release, state: 'running', startedAt: id}) as const

  it.each([
    ['all as wanted', row({}), [instance('a', 0), instance('b', 1)], 'keep a b; start ; remove '],
    ['one missing', row({}), [instance('b', 1)], 'keep b; start 0; remove '],
    ['one too many', row({desired: 1}), [instance('a', 0), instance('b', 1)], 'keep a; start ; remove b'],
    ['twice the same index', row({}), [instance('a', 0), instance('b', 0)], 'keep a; start 1; remove b'],
    ['another release', row({}), [instance('a', 0, 'r2'), instance('b', 1)], 'keep b; start 0; remove a'],
    ['stopped', row({state: 'stopped'}), [instance('a', 0)], 'keep ; start ; remove a'],
    ['never deployed', row({release: undefined}), [instance('a', 0)], 'keep ; start ; remove a'],
  ])('%s', (_, service, instances, expected) => {
    const {services, remove} = planAdoption([service], instances)
    const keep = services.flatMap((entry) => entry.keep.map(({id}) => id))
    const missing = services.flatMap((entry) => entry.missing)

    expect(`keep ${keep.join(' ')}; start ${missing.join(' ')}; remove ${remove.map(({id}) => id).join(' ')}`).toBe(
      expected,
    )
  })
})
