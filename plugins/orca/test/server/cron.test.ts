import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {alice, eventually, Harness, spec} from './harness.ts'

let h: Harness
beforeEach(async () => {
  h = await Harness.open()
})
afterEach(() => h.close())

const nightly = (change: Parameters<typeof spec>[0] = {}) =>
  spec({name: 'job', port: undefined, triggers: ['cron: * * * * * *'], ...change})
const running = () => h.runtime.running('job')[0]
const started = () => eventually(() => running())
const eventOf = async (type: string) => {
  const all = await Array.fromAsync(h.control.events({ref: 'service/job'}))
  return all.find((event) => event.type === type)
}

describe('a service with a cron trigger', () => {
  it('has no standing replicas, and says when it runs next', async () => {
    await h.deployed(nightly({triggers: ['cron: 0 0 2 * * *']}))

    const service = await h.service('job')
    expect(service).toMatchObject({status: 'running', desiredReplicas: 0, runningReplicas: 0, replicas: []})
    expect(service.nextRun).toMatch(/T02:00:00.000Z$/)
    expect(running()).toBeUndefined()
  })

  it('is run as replica 0 and its end is told', async () => {
    await h.deployed(nightly())
    const {id} = await started()
    expect((await h.service('job')).replicas).toMatchObject([{name: 'job-0', status: 'ready'}])
    h.runtime.kill(id, {code: 0})
    const event = await eventually(() => eventOf('cron.succeeded'))

    expect(event).toMatchObject({message: "the run of 'job' exited with code 0"})
    expect(event.details).toMatchObject({exit: {code: 0}, lastLines: ['broken on purpose']})
    expect((await h.service('job')).lastFailure).toBeUndefined()
  })

  it('that fails says why until a run goes well', async () => {
    await h.deployed(nightly())
    h.runtime.kill((await started()).id, {code: 4})
    await eventually(() => eventOf('cron.failed'))
    expect((await h.service('job')).lastFailure).toMatchObject({
      reason: 'RunFailed',
      message: 'the run exited with code 4',
      lastLines: ['broken on purpose'],
    })
    const again = await eventually(() => running())
    h.runtime.kill(again.id, {code: 0})

    await eventually(async () => (await h.service('job')).lastFailure === undefined)
  })

  it('that cannot be started says so', async () => {
    await h.deployed(nightly())
    h.runtime.hook = (step) => {
      if (step === 'create') throw new Error('no room')
    }
    const event = await eventually(() => eventOf('cron.failed'))
    expect(event.message).toContain('no room')
  })

  it('is not started a second time while it runs', async () => {
    await h.deployed(nightly())
    const {id} = await started()
    await eventually(() => eventOf('cron.skipped'))

    expect(h.runtime.running('job').map((one) => one.id)).toEqual([id])
  })
})

describe('a run under way', () => {
  it('goes on over a restart of the server, and over a deploy', async () => {
    await h.deployed(nightly())
    const {id} = await started()
    await h.reopen()
    await h.deployed(nightly({env: {VERSION: 'two'}}))
    expect(running()?.id).toBe(id)
    h.runtime.kill(id, {code: 0})

    await eventually(() => eventOf('cron.succeeded'))
    await eventually(() => running()?.release === 'r2')
  })

  it('whose run ended while no server was there is told of', async () => {
    await h.deployed(nightly({triggers: ['cron: * * * * * *']}))
    const {id} = await started()
    await h.control.close()
    h.runtime.kill(id, {code: 5})
    await h.start()

    await eventually(() => eventOf('cron.failed'))
  })

  it('is found among replicas that an interrupted deploy has left', async () => {
    await h.deployed(nightly({triggers: []}))
    const [standing] = h.runtime.running('job')
    h.runtime.hook = (step) => (step === 'stop' ? new Promise(() => undefined) : undefined)
    void h.deploy(nightly()).catch(() => undefined)
    await eventually(async () => (await h.service('job')).desiredReplicas === 0)
    h.kill()
    h.runtime.hook = () => undefined
    await h.start()

    await eventually(() => !h.runtime.instances.has(standing?.id ?? ''))
    await eventually(() => running()?.release === 'r2')
  })

  it('is ended by a stop, and not started any more', async () => {
    await h.deployed(nightly())
    await started()
    await h.control.stop('job', alice)

    expect(running()).toBeUndefined()
    expect(await h.service('job')).toMatchObject({status: 'stopped'})
    expect((await h.service('job')).nextRun).toBeUndefined()
  })

  it('is not scaled by hand', async () => {
    await h.deployed(nightly({triggers: ['cron: 0 0 2 * * *']}))

    await expect(h.control.scale('job', 2, alice)).rejects.toMatchObject({code: 'CONFLICT'})
  })

  it('with a bad expression is refused', async () => {
    expect((await h.deploy(nightly({triggers: ['cron: nonsense']}))).errors).toMatchObject([
      {code: 'MANIFEST_INVALID', message: expect.stringContaining("'cron: nonsense'")},
    ])
  })
})
