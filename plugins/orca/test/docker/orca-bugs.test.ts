import {describe, expect, it} from 'vitest'
import {status} from '../../src/conformance/expect.ts'
import {type Container, host, until, useRealServer} from './real-server.ts'

// What Orca does to containers that its guide does not promise: what can be seen over HTTP alone is in the conformance suite.
const at = useRealServer()

const ids = (containers: readonly Container[]): string[] => containers.map(({Id}) => Id)
const names = (containers: readonly Container[]): string[] => containers.map(({Name}) => Name.slice(1))
const version = (text: string) => ({env: {VERSION: text}})

describe.skipIf(host === undefined)('a restart of the server', {timeout: 120_000}, () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('by %s touches no container', async (signal) => {
    const [name, domain] = [at.bench.name(), `${at.bench.mark}.example.test`]
    await at.bench.deployed(at.bench.service(name, {replicas: 2, domain}))
    const before = ids(await at.containers(name))
    await at.restart(signal, async () => expect(await at.ask(domain)).toBe('v1'))

    await at.bench.steady(name, 2)
    expect(ids(await at.containers(name))).toEqual(before)
    expect(await at.ask(domain)).toBe('v1')
  })

  it('keeps the number that was scaled to, the version that was gone back to, and what was removed', async () => {
    const {bench} = at
    const [name, gone, domain] = [bench.name(), bench.name('gone'), `${bench.mark}.example.test`]
    for (const text of ['v1', 'v2']) await bench.deployed(bench.service(name, {domain, ...version(text)}))
    status(await bench.act(name, 'rollback'), 200, 'rollback')
    status(await bench.act(name, 'scale', {replicas: 3}), 200, 'scale')
    await bench.deployed(bench.service(gone))
    status(await bench.stop(gone), 200, 'stop')
    await at.restart('SIGKILL')

    await bench.steady(name, 3)
    expect(await at.ask(domain)).toBe('v1')
    expect(await bench.row(gone)).toBeUndefined()
    expect(await at.containers(gone)).toEqual([])
  })

  it('keeps the releases, to go back to', async () => {
    const {bench} = at
    const [name, domain] = [bench.name(), `${bench.mark}.example.test`]
    for (const text of ['v1', 'v2']) await bench.deployed(bench.service(name, {domain, ...version(text)}))
    await at.restart('SIGTERM')

    status(await bench.act(name, 'rollback'), 200, 'rollback')
    expect(await at.ask(domain)).toBe('v1')
  })

  it('after a deploy that failed comes back to the version that worked', async () => {
    const {bench} = at
    const [name, domain] = [bench.name(), `${bench.mark}.example.test`]
    await bench.deployed(bench.service(name, {domain}))
    status(await bench.deploy(bench.service(name, {domain, env: {EXIT: '7'}})), 500, 'deploy')
    await at.restart('SIGKILL', async () => {
      for (const {Id} of await at.containers(name)) await at.engine.call('DELETE', `/containers/${Id}?force=true`)
    })

    await bench.steady(name, 1)
    expect(await at.ask(domain)).toBe('v1')
  })
})

describe.skipIf(host === undefined)('a container that ends', {timeout: 120_000}, () => {
  it('with status 0 is started again', async () => {
    const name = at.bench.name()
    await at.bench.deployed(at.bench.service(name))
    const [first] = await at.containers(name)
    await at.engine.call('POST', `/containers/${first?.Id}/kill?signal=SIGTERM`)

    await until(async () => {
      const [now] = await at.containers(name)
      return now !== undefined && now.State.StartedAt !== first?.State.StartedAt
    })
    await at.bench.steady(name, 1)
  })

  it('in the middle of a deploy leaves as many as are wanted', async () => {
    const {bench} = at
    const name = bench.name()
    await bench.deployed(bench.service(name, {replicas: 2}))
    for (let round = 0; round < 3; round++) {
      const [first] = await at.containers(name)
      const redeploy = bench.act(name, 'redeploy')
      await at.engine.call('POST', `/containers/${first?.Id}/kill`).catch(() => undefined)
      status(await redeploy, 200, 'redeploy')
      await bench.steady(name, 2)
      expect(await at.containers(name)).toHaveLength(2)
    }
  })

  it('by its liveness keeps the name of its replica', async () => {
    const {bench} = at
    const [name, domain] = [bench.name(), `${bench.mark}.example.test`]
    const liveness = {path: '/healthz', interval_secs: 0.2, failure_threshold: 2, initial_delay_secs: 0}
    await bench.deployed(bench.service(name, {replicas: 3, domain, liveness}))
    const before = await at.containers(name)
    expect(names(before)).toEqual([0, 1, 2].map((index) => `orca-${name}-${index}`))
    await at.ask(domain, '/sick')

    await until(async () => {
      const now = await at.containers(name)
      const kept = ids(now).filter((id) => ids(before).includes(id))
      return kept.length === 2 && names(now).join() === names(before).join()
    })
    await bench.steady(name, 3)
  })
})

describe.skipIf(host === undefined)('a change', {timeout: 120_000}, () => {
  it('of one service leaves the containers of the others alone', async () => {
    const {bench} = at
    const [web, admin, other] = [bench.name('web'), bench.name('web-admin'), bench.name('other')]
    const rest = [bench.service(admin), bench.service(other, {project: bench.mark})]
    await bench.deployed(bench.service(web), ...rest)
    const before = ids([...(await at.containers(admin)), ...(await at.containers(other))])
    await bench.deployed(bench.service(web, version('v2')), ...rest)
    status(await bench.stop(web), 200, 'stop')

    expect(ids([...(await at.containers(admin)), ...(await at.containers(other))])).toEqual(before)
    expect(await at.containers(web)).toEqual([])
  })

  it('of a limit makes new containers that have it', async () => {
    const {bench} = at
    const name = bench.name()
    for (const [memory, bytes] of [
      ['64Mi', 64 * 2 ** 20],
      ['96Mi', 96 * 2 ** 20],
    ] as const) {
      await bench.deployed(bench.service(name, {resources: {memory}}))
      expect((await at.containers(name)).map(({HostConfig}) => HostConfig.Memory)).toEqual([bytes])
    }
  })

  it('of the number of replicas leaves replica 0 on its volume', async () => {
    const {bench} = at
    const name = bench.name()
    const volume = {path: '/data'}
    for (const replicas of [1, 2, 1]) {
      await bench.deployed(bench.service(name, {volume, replicas, ...version(`v${replicas}`)}))
      const volumes = (await at.containers(name)).map(({Mounts}) => Mounts[0]?.Name)
      expect(volumes).toEqual([`orca-${name}-data`, `orca-${name}-1-data`].slice(0, replicas))
    }
  })

  it('of a service is seen by those that use it by its name', async () => {
    const {bench} = at
    const [web, db, domain] = [bench.name('web'), bench.name('db'), `${bench.mark}.example.test`]
    const script = `require('node:http').createServer(async (_, answer) => {
      answer.end(await fetch('http://${db}:8080/').then((got) => got.text(), String))
    }).listen(8080)`
    const client = bench.service(web, {domain, depends_on: [db], command: ['node', '-e', script]})
    await bench.deployed(bench.service(db, version('one')), client)
    expect(await at.ask(domain)).toBe('one')
    await bench.deployed(bench.service(db, version('two')))
    await until(async () => (await at.ask(domain)) === 'two')
  })
})

describe.skipIf(host === undefined)('containers', {timeout: 120_000}, () => {
  it('listen on no address of the machine, and two projects share no network', async () => {
    const {bench} = at
    const [one, two] = [bench.name('one'), bench.name('two')]
    await bench.deployed(
      bench.service(one, {project: `${bench.mark}a`}),
      bench.service(two, {project: `${bench.mark}b`}),
    )
    const found = [...(await at.containers(one)), ...(await at.containers(two))]
    const published = found.flatMap(({NetworkSettings}) => Object.values(NetworkSettings.Ports).flat())

    expect(found).toHaveLength(2)
    expect(published.filter((port) => port !== null && port.HostIp !== '127.0.0.1')).toEqual([])
    expect(found.map(({NetworkSettings}) => Object.keys(NetworkSettings.Networks))).toEqual([
      [`orca-${bench.mark}a`],
      [`orca-${bench.mark}b`],
    ])
  })
})
