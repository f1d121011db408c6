import {afterEach, describe, expect, it} from 'vitest'
import {createEdge} from '../../src/edge/client.ts'
import {createControl} from '../../src/server/create-control.ts'
import {openTestHome} from '../runtimes/test-home.ts'
import {alice, eventually, Harness, quick, spec} from './harness.ts'

const timing = {...quick, autoscaleMs: 10, scaleDownMs: 100}
const auto = (change: Parameters<typeof spec>[0] = {}) =>
  spec({replicas: 'auto', autoscale: {min: 1, max: 4, cpu_percent: 50}, ...change})

describe('replicas = "auto"', () => {
  let h: Harness
  afterEach(() => h.close())
  const open = async () => {
    h = await Harness.open(timing)
  }
  const load = (cpuPercent: number) => {
    h.runtime.stats = async () => new Map(h.runtime.running().map(({id}) => [id, {cpuPercent, memoryBytes: 1}]))
  }

  it('follows the load up and down, and says why', async () => {
    await open()
    await h.deployed(auto())
    expect((await h.service()).desiredReplicas).toBe(1)
    load(150)
    await eventually(async () => (await h.service()).runningReplicas === 4)
    load(2)
    await eventually(async () => (await h.service()).desiredReplicas === 1)

    const events = await Array.fromAsync(h.control.events({ref: 'service/web'}))
    const scaled = events.filter(({type}) => type === 'service.autoscaled')
    expect(scaled[0]).toMatchObject({
      message: "'web' scaled from 1 to 3: CPU 150 % of 50 % a replica",
      details: {from: 1, to: 3, reason: 'CPU 150 % of 50 % a replica'},
    })
    expect(scaled.at(-1)?.details).toMatchObject({to: 1})
  })

  it('begins with the fewest, keeps its number over deploys and restarts', async () => {
    await open()
    await h.deployed(auto({autoscale: {min: 2, max: 4, cpu_percent: 50}}))
    expect((await h.service()).runningReplicas).toBe(2)
    load(75)
    await eventually(async () => (await h.service()).runningReplicas > 2)
    load(50)
    const {runningReplicas} = await h.service()
    await h.deployed(auto({autoscale: {min: 2, max: 4, cpu_percent: 50}, env: {V: '2'}}))
    await h.reopen()

    await eventually(async () => (await h.service()).runningReplicas === runningReplicas)
  })

  it('waits for a deploy to end', async () => {
    await open()
    await h.deployed(auto())
    load(150)
    const gate = Promise.withResolvers<void>()
    h.runtime.hook = (step, what) => (step === 'prepare' && what === 'web r2' ? gate.promise : undefined)
    const deploying = h.deploy(auto({env: {V: '2'}}))
    await eventually(() => h.runtime.calls.includes('prepare web r2'))
    const before = h.runtime.running('web').length
    gate.resolve()
    await deploying
    await eventually(async () => (await h.service()).runningReplicas === 4)

    expect(before).toBeLessThanOrEqual(3)
    expect(h.runtime.running('web').every(({release}) => release === 'r2')).toBe(true)
  })

  it('is not scaled by hand', async () => {
    await open()
    await h.deployed(auto())

    await expect(h.control.scale('web', 3, alice)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('between 1 and 4'),
    })
  })
})

describe('replicas = "auto" with real processes', () => {
  it('a busy one gets company', async () => {
    const at = openTestHome()
    const edge = createEdge({home: at.home})
    const control = await createControl({
      ...{home: at.home, runtime: at.runtime, edge, clusterName: 'real', edgeHttp: '127.0.0.1:18996'},
      timing: {autoscaleMs: 200, statsMs: 100, trialMs: 50},
    })
    const busy = [process.execPath, '-e', 'for (;;);']
    const service = auto({command: busy, port: undefined, autoscale: {min: 1, max: 2, cpu_percent: 20}})
    const {errors} = await control.deploy([service], {actor: alice, reason: 'deploy'})
    await eventually(async () => (await control.get('web'))?.runningReplicas === 2)
    await control.close('stop')
    await edge.shutdown(100)
    edge.close()
    await at.close()

    expect(errors).toEqual([])
  })
})
