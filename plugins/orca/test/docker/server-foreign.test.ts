import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {alice} from '../server/harness.ts'
import {host, ServerHome, until} from './server-home.ts'

let at: ServerHome

/** A container as Orca makes it. */
const orcas = async (env: string[] = [], replica = '') => {
  const [service, network] = [`${at.name()}${replica}`, `t${at.tag}`]
  await at.docker.engine
    .call('POST', '/networks/create', {json: {Name: `orca-${network}`, Driver: 'bridge', CheckDuplicate: true}})
    .catch(() => undefined)
  const {Id: id} = (await at.docker.engine.call('POST', '/containers/create', {
    query: {name: `orca-${service}`},
    json: {
      Image: 'omni-test/app:1',
      Env: env,
      Labels: {'orca.managed': 'true', 'orca.service': service, 'orca.network': network},
      ExposedPorts: {'8080/tcp': {}},
      HostConfig: {PortBindings: {'8080/tcp': [{HostIp: '127.0.0.1', HostPort: ''}]}},
      NetworkingConfig: {EndpointsConfig: {[`orca-${network}`]: {Aliases: [`orca-${service}`]}}},
    },
  })) as {Id: string}
  await at.engine('POST', `/containers/${id}/start`)
  return id
}
const isRunning = async (id: string) => (await at.containers()).some((one) => one.id === id)

describe.skipIf(host === undefined)('what an Orca server has left', () => {
  beforeEach(async () => {
    at = await ServerHome.open()
  })
  afterEach(async () => {
    if (!at.control.database.isOpen) await at.start()
    await at.control.remove(at.name(), {actor: alice, purge: true})
    await at.control.remove(at.name('other'), {actor: alice, purge: true})
    for (const {id, service} of await at.docker.list()) {
      if (service.endsWith(at.tag)) await at.engine('DELETE', `/containers/${id}`, {force: true})
    }
    await at.docker.settled()
    await at.engine('DELETE', `/networks/orca-t${at.tag}`).catch(() => undefined)
    await at.close()
  })

  it('is left alone by the start and the end of the server', async () => {
    await at.deployed(at.spec({name: at.name('other')}))
    const id = await orcas()
    await at.reopen()
    expect(await isRunning(id)).toBe(true)
    await at.control.close('stop')

    expect(await isRunning(id)).toBe(true)
  })

  it('becomes ours without a restart when it is what is asked for', async () => {
    const id = await orcas(['VERSION=orca'])
    await at.deployed(at.spec({env: {VERSION: 'orca'}}))

    expect((await at.containers()).map((one) => one.id)).toEqual([id])
    expect(await at.ask()).toBe('orca')
    expect(await at.service()).toMatchObject({status: 'running', release: 'r1', runningReplicas: 1})
    await at.reopen()
    expect((await at.containers()).map((one) => one.id)).toEqual([id])
    await at.deployed(at.spec({env: {VERSION: 'ours'}}))
    await until(async () => !(await isRunning(id)))
    expect(await at.ask()).toBe('ours')
  })

  it('of which only a part is what is asked for is not taken over: a deploy that fails leaves all of it', async () => {
    const ids = [await orcas(['VERSION=orca', 'BOOT_MS=3000'], '-0'), await orcas(['VERSION=older'], '-1')]
    const deploy = {ready_timeout_secs: 1}
    const {errors} = await at.deploy(at.spec({replicas: 2, env: {VERSION: 'orca', BOOT_MS: '3000'}, deploy}))
    expect(errors).toHaveLength(1)
    await at.reopen()

    for (const id of ids) expect(await isRunning(id)).toBe(true)
  })

  it('that is another version is replaced when its successor is ready', async () => {
    const id = await orcas(['VERSION=orca'])
    const broken = await at.deploy(at.spec({env: {WRONG_PORT: '1'}, deploy: {ready_timeout_secs: 1}}))
    expect(broken.errors).toHaveLength(1)
    expect(await isRunning(id)).toBe(true)
    await at.deployed(at.spec({env: {VERSION: 'ours'}}))

    await until(async () => !(await isRunning(id)))
    expect(await at.ask()).toBe('ours')
    expect(await at.containers()).toHaveLength(1)
  })
})
