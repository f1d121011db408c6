import {afterAll, afterEach, beforeAll, describe, expect, it} from 'vitest'
import {alice} from '../server/harness.ts'
import {host, ServerHome, until} from './server-home.ts'

let at: ServerHome
beforeAll(async () => {
  if (host !== undefined) at = await ServerHome.open({backoffBaseMs: 100, backoffMaxMs: 500})
})
afterEach(async () => {
  for (const {name} of (await at?.control.list()) ?? []) await at.control.remove(name, {actor: alice, purge: true})
})
afterAll(() => at?.close())

const only = async () => (await at.containers())[0]
const replacedAfter = async (hurt: (id: string) => Promise<unknown>) => {
  const before = await only()
  await hurt(before?.id ?? '')
  const after = await until(async () => {
    const [[found, ...others], service] = [await at.containers(), await at.service()]
    const isAlone = others.length === 0 && service.replicas.length === 1 && service.runningReplicas === 1
    return isAlone && found !== undefined && found.id !== before?.id && found
  })
  // The proxy hears of it a moment later.
  await until(async () => (await at.ask()) === 'v1')
  return {before, after, service: await at.service()}
}

describe.skipIf(host === undefined)('a container that ends', () => {
  it('a killed container is replaced at once, and how it ended is shown', async () => {
    await at.deployed(at.spec())
    const {service} = await replacedAfter((id) => at.engine('POST', `/containers/${id}/kill`, {signal: 'KILL'}))

    expect(service.replicas).toMatchObject([{status: 'ready', restarts: 1, lastExit: {signal: 'SIGKILL'}}])
    await until(async () => (await at.ask()) === 'v1')
  })

  it('one that ends by itself is replaced, with its status', async () => {
    await at.deployed(at.spec())
    const {service} = await replacedAfter(() => at.ask('/crash').catch(() => undefined))

    expect(service.replicas).toMatchObject([{restarts: 1, lastExit: {code: 9}}])
  })

  it('with keep_network its successor serves under the same address', async () => {
    await at.deployed(at.spec({keep_network: true}))
    const address = async () => (await at.service()).replicas[0]?.address
    const before = await address()
    const pid = (await at.service()).replicas[0]?.pid
    if (pid === undefined) throw new Error('no process')
    process.kill(pid, 'SIGKILL')
    await until(async () => {
      const [replica] = (await at.service()).replicas
      return replica?.restarts === 1 && replica.status === 'ready'
    })
    expect(await address()).toBe(before)
    await until(async () => (await at.ask()) === 'v1')
  })

  it('one that takes too much memory is named so', async () => {
    await at.deployed(at.spec({resources: {memory: '64Mi'}, env: {EAT_MB: '400'}}))
    await replacedAfter(() => at.ask('/eat').catch(() => undefined))
    expect((await at.service()).replicas).toMatchObject([{lastExit: {oomKilled: true}}])
    await replacedAfter(() => at.ask('/eat').catch(() => undefined))

    const failed = await until(async () => {
      const {lastFailure} = await at.service()
      return (lastFailure?.lastLines.length ?? 0) > 0 && lastFailure
    })
    expect(failed).toMatchObject({reason: 'OOMKilled', message: expect.stringContaining('more memory')})
  })

  it('one that crashes again and again waits between, says why, and is well when it is mended', async () => {
    await at.deployed(at.spec({port: undefined, env: {EXIT_AFTER_MS: '1500'}}))
    const failed = await until(async () => {
      const {lastFailure} = await at.service()
      return (lastFailure?.lastLines.length ?? 0) > 0 && lastFailure
    })
    expect(failed).toMatchObject({reason: 'CrashLoopBackOff', exit: {code: 1}, lastLines: ['version v1 starts', /.*/]})
    await at.deployed(at.spec({env: {VERSION: 'mended'}}))

    expect(await at.service()).toMatchObject({status: 'running'})
  })
})

describe.skipIf(host === undefined)('a container that somebody touches', () => {
  it('one that is removed by hand is made again', async () => {
    await at.deployed(at.spec())
    await replacedAfter((id) => at.engine('DELETE', `/containers/${id}`, {force: true}))

    await until(async () => (await at.ask()) === 'v1')
  })

  it('one that is renamed by hand serves on', async () => {
    await at.deployed(at.spec())
    const before = await only()
    await at.engine('POST', `/containers/${before?.id}/rename`, {name: `mine-${at.tag}`})
    await at.docker.settled()

    expect(await at.ask()).toBe('v1')
    expect((await only())?.id).toBe(before?.id)
    await at.deployed(at.spec({env: {VERSION: 'two'}}))
    expect(await at.ask()).toBe('two')
  })

  it('one that is cut off its network is connected again', async () => {
    await at.deployed(at.spec())
    const {id} = (await only()) ?? {}
    await at.docker.engine.call('POST', `/networks/orca-t${at.tag}/disconnect`, {json: {Container: id, Force: true}})

    await until(async () => (await at.ask().catch(() => '')) === 'v1')
    expect((await at.service()).runningReplicas).toBe(1)
  })
})

describe.skipIf(host === undefined)('a container that is not well', () => {
  it('one that fails its liveness probe is replaced by a successor', async () => {
    const liveness = {path: '/healthz', interval_secs: 0.1, failure_threshold: 2}
    await at.deployed(at.spec({liveness}))
    const {service} = await replacedAfter(() => at.ask('/sick'))

    expect(service.replicas).toMatchObject([{restarts: 1}])
    expect(await at.events()).toContain('replica.unhealthy')
  })

  it('one whose health turns below the threshold is left alone', async () => {
    const readiness = {path: '/healthz', interval_secs: 0.1, failure_threshold: 50}
    await at.deployed(at.spec({readiness, liveness: readiness}))
    const before = await only()
    await at.ask('/sick')
    await until(async () => (await at.ask('/healthz')) === 'sick')

    expect((await only())?.id).toBe(before?.id)
    expect(await at.service()).toMatchObject({status: 'running', runningReplicas: 1})
  })
})
