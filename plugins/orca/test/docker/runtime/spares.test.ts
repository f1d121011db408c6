import {poll} from '@omni-cli/sdk'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {createDockerRuntime} from '../../../src/runtimes/docker/docker-runtime.ts'
import type {InstanceRequest} from '../../../src/runtimes/runtime.ts'
import {type Bench, dockerHost, openBench, SLEEPER} from './support.ts'

describe.skipIf(dockerHost === undefined)('the container for the next restart', () => {
  let bench: Bench
  beforeEach(() => {
    bench = openBench()
  })
  afterEach(() => bench.end())

  const spares = async (): Promise<string[]> => {
    const filters = JSON.stringify({label: ['omni.spare', `omni.owner=${bench.owner}`], status: ['created']})
    const found = await bench.engine.call('GET', '/containers/json', {query: {all: true, filters}})
    return (found as {Id: string}[]).map(({Id}) => Id)
  }
  const oneSpare = (): Promise<string> =>
    poll({everyMs: 50, timeoutMs: 10_000}, async () => {
      const found = await spares()
      return found.length === 1 ? found[0] : undefined
    })
  const crash = async (id: string): Promise<void> => {
    await bench.engine.call('POST', `/containers/${id}/kill`, {query: {signal: 'KILL'}})
    await bench.exited(id)
    await bench.runtime.remove(id)
  }
  const request = (more: Partial<InstanceRequest> = {}) => bench.request({command: SLEEPER, env: {A: '1'}}, more)

  it('is made in a quiet moment, is no instance, and is what is started', async () => {
    const wish = await request()
    const {id} = await bench.runtime.create(wish)
    const spare = await oneSpare()
    expect((await bench.runtime.list()).map((instance) => instance.id)).toEqual([id])

    await crash(id)
    const next = await bench.runtime.create(wish)

    expect(next).toMatchObject({id: spare, service: wish.service, state: 'running'})
    await bench.runtime.settled()
    const {Name} = (await bench.engine.call('GET', `/containers/${spare}/json`)) as {Name: string}
    expect(Name).toBe(`/orca-${wish.service}`)
  })

  it('is of no use when a value has changed, and makes room for one of the new values', async () => {
    const wish = await request()
    const {id} = await bench.runtime.create(wish)
    const old = await oneSpare()
    await crash(id)

    const next = await bench.runtime.create({...wish, env: {A: '2'}})

    expect(next.id).not.toBe(old)
    await poll({everyMs: 50, timeoutMs: 10_000}, async () => !(await spares()).includes(old))
  })

  it('that was removed by hand is missed by nobody', async () => {
    const wish = await request()
    const {id} = await bench.runtime.create(wish)
    await bench.engine.call('DELETE', `/containers/${await oneSpare()}`)
    await crash(id)

    expect(await bench.runtime.create(wish)).toMatchObject({state: 'running'})
  })

  it('goes with its replica', async () => {
    const {id} = await bench.runtime.create(await request())
    await oneSpare()

    await bench.runtime.remove(id)

    expect(await spares()).toEqual([])
  })

  it('that a server has left is removed by the next one', async () => {
    await bench.runtime.create(await request())
    const left = await oneSpare()
    const {home, owner} = bench
    const next = createDockerRuntime({home, owner, env: {DOCKER_HOST: dockerHost}})
    try {
      next.subscribe(() => undefined)
      await poll({everyMs: 50, timeoutMs: 10_000}, async () => !(await spares()).includes(left))
      expect(await next.list()).toHaveLength(1)
    } finally {
      await next.close()
    }
  })
})
