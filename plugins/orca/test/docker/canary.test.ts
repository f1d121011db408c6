import {type ServiceInput, sleep} from '@omni-cli/sdk'
import {afterAll, afterEach, beforeAll, describe, expect, it} from 'vitest'
import {alice} from '../server/harness.ts'
import {host, ServerHome, until} from './server-home.ts'

let at: ServerHome
beforeAll(async () => {
  if (host !== undefined) at = await ServerHome.open({canaryMs: 100})
})
afterEach(async () => {
  if (host === undefined) return
  for (const {name} of await at.control.list()) await at.control.remove(name, {actor: alice, purge: true})
})
afterAll(async () => {
  if (host !== undefined) await at.close()
})

const waits = {ready_timeout_secs: 15, drain_secs: 1}
const version = (VERSION: string, deploy: ServiceInput['deploy'] = waits) =>
  at.spec({replicas: 2, env: {VERSION}, deploy})
const beside = (VERSION: string, more: ServiceInput['deploy'] = {}) =>
  version(VERSION, {...waits, strategy: 'canary', canary_weight: 25, ...more})

const begun = async () => {
  await at.deployed(version('one'))
  await at.deployed(beside('two'))
}

const urlOf = async () => (await at.service()).endpoints.find(({via}) => via === 'local')?.url ?? ''

const answers = async (count: number): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {}
  const url = await urlOf()
  for (let sent = 0; sent < count; sent++) {
    const answer = await (await fetch(url)).text()
    counts[answer] = (counts[answer] ?? 0) + 1
  }
  return counts
}
const versions = async () => (await at.containers()).map(({release}) => release).sort()

describe.skipIf(host === undefined)('canaries of containers', {timeout: 120_000}, () => {
  it('get their exact share, and take over under load without a failed request', async () => {
    await begun()
    expect(await answers(32)).toEqual({one: 24, two: 8})
    const url = await urlOf()
    const failures: unknown[] = []
    let isOver = false
    const send = async () => {
      while (!isOver) {
        const status = await fetch(url).then(
          (answer) => answer.status,
          (error: unknown) => error,
        )
        if (status !== 200) failures.push(status)
        await sleep(10)
      }
    }
    const load = Promise.all([send(), send(), send()])
    await at.control.promote(at.name(), alice)
    isOver = true
    await load

    expect(failures).toEqual([])
    expect(await answers(4)).toEqual({two: 4})
    expect(await versions()).toEqual(['r2', 'r2'])
  })

  it('are taken over by the next server, with their release and weight', async () => {
    await begun()
    const before = (await at.containers()).map(({id}) => id).sort()
    at.kill()
    await at.runtime.close()
    await at.start()

    expect((await at.containers()).map(({id}) => id).sort()).toEqual(before)
    expect((await at.service()).canary).toMatchObject({release: 'r2', weight: 25})
    expect(await answers(32)).toEqual({one: 24, two: 8})
    await at.control.abortCanary(at.name(), alice)
    expect(await answers(4)).toEqual({one: 4})
    expect(await versions()).toEqual(['r1', 'r1'])
  })
})

describe.skipIf(host === undefined)('containers beside others', {timeout: 120_000}, () => {
  it('that answer with errors are aborted by what the proxy measures', async () => {
    const auto = {canary: {auto: true, min_requests: 20, after_secs: 60}}
    await at.deployed(version('one'))
    await at.deployed({...beside('two', auto), env: {VERSION: 'two', ERRORS: '1'}})
    await until(async () => {
      await at.ask()
      return (await at.service()).canary === undefined
    })

    const [release] = await at.control.releases(at.name())
    expect(release).toMatchObject({status: 'failed', failure: {reason: 'CanaryAborted'}})
    expect(release?.failure?.message).toMatch(/too many errors: \d+ of \d+ requests failed \(100 %\)/)
    await until(async () => (await versions()).join() === 'r1,r1')
  })

  it('that are killed are healed', async () => {
    await begun()
    const [victim] = (await at.containers()).filter(({release}) => release === 'r2')
    await at.engine('POST', `/containers/${victim?.id}/kill`)
    await until(async () => (await at.containers()).some(({release, id}) => release === 'r2' && id !== victim?.id))

    expect((await at.service()).canary?.release).toBe('r2')
  })

  it('a deploy again makes new containers of the same version', async () => {
    await at.deployed(version('one'))
    const before = (await at.containers()).map(({id}) => id)
    const service = await at.control.redeploy(at.name(), {actor: alice, reason: 'redeploy'})

    expect(service).toMatchObject({release: 'r2', runningReplicas: 2})
    expect((await at.containers()).filter(({id}) => before.includes(id))).toEqual([])
    expect(await answers(2)).toEqual({one: 2})
  })
})
