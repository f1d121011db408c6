import {mkdtempSync, rmSync, symlinkSync, truncateSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {readServerInfo} from '../../src/client/local-files.ts'
import {status} from '../../src/conformance/expect.ts'
import {host, until, useRealServer} from './real-server.ts'
import {removeAll} from './runtime/support.ts'

/** The Engine by a way of our own, which can be taken away without hurting others. */
const folder = mkdtempSync(join(tmpdir(), 'omni-way-'))
const socket = join(folder, 'docker.sock')
const open = () => symlinkSync((host ?? '').slice('unix://'.length), socket)
beforeAll(open)
afterAll(() => rmSync(folder, {recursive: true, force: true}))

const at = useRealServer({DOCKER_HOST: `unix://${socket}`})
const remove = (path: string) => at.engine.call('DELETE', path, {query: {force: true}})
const removeContainers = async (name: string) => {
  for (const {Id} of await at.containers(name)) await remove(`/containers/${Id}`)
}

describe.skipIf(!host?.startsWith('unix://'))('a server', {timeout: 120_000}, () => {
  it('that finds neither its containers nor their network makes all of them again', async () => {
    const {bench} = at
    const [name, domain, project] = [bench.name(), `${bench.mark}.example.test`, bench.mark]
    await bench.deployed(bench.service(name, {replicas: 2, domain, project}))
    await at.restart('SIGKILL', async () => {
      await removeContainers(name)
      await remove(`/networks/orca-${project}`)
    })

    await bench.steady(name, 2)
    expect(await at.ask(domain)).toBe('v1')
  })

  it('that is stopped for a while does not stop its services, and mends what broke meanwhile', async () => {
    const {bench} = at
    const [name, domain] = [bench.name(), `${bench.mark}.example.test`]
    await bench.deployed(bench.service(name, {replicas: 2, domain}))
    const [first] = await at.containers(name)
    const {pid = 0} = readServerInfo(at.home) ?? {}
    process.kill(pid, 'SIGSTOP')
    try {
      await at.engine.call('POST', `/containers/${first?.Id}/kill`)
      expect(await at.ask(domain)).toBe('v1')
      expect(await at.ask(domain)).toBe('v1')
    } finally {
      process.kill(pid, 'SIGCONT')
    }

    await until(async () => (await at.containers(name)).length === 2)
    await bench.steady(name, 2)
  })

  it('without the socket of its Engine says so, and has its containers back when the socket is', async () => {
    const {bench} = at
    const [name, domain] = [bench.name(), `${bench.mark}.example.test`]
    const second = bench.service(name, {domain, env: {VERSION: 'v2'}})
    await bench.deployed(bench.service(name, {domain}))
    const [before] = await at.containers(name)
    try {
      // Connections that are open outlive the file.
      await at.restart('SIGKILL', async () => rmSync(socket))
      const answer = await bench.deploy(second)
      expect(answer.status).toBe(500)
      expect(answer.text).toContain('does not answer')
      // What runs is not cut off because nobody can be asked about it.
      expect(await at.ask(domain)).toBe('v1')
    } finally {
      open()
    }
    await until(async () => (await at.ask(domain)) === 'v1')
    expect((await at.containers(name)).map(({Id}) => Id)).toEqual([before?.Id])
    await bench.deployed(second)
    expect(await at.ask(domain)).toBe('v2')
  })

  it('whose store was emptied removes nothing that it does not know', async () => {
    const {bench} = at
    const name = bench.name()
    await bench.deployed(bench.service(name))
    const [before] = await at.containers(name)
    const store = join(at.home, 'engine', 'store.db')
    const owner = before?.Config.Labels['omni.owner'] ?? ''
    try {
      await at.restart('SIGKILL', async () => {
        rmSync(`${store}-wal`, {force: true})
        truncateSync(store)
      })
      // It has looked at what runs by then.
      await bench.deployed(bench.service(bench.name('next')))
      const found = await at.containers(name)
      expect(found.map(({Id}) => Id)).toEqual([before?.Id])
    } finally {
      // Nobody knows any more whose they are.
      await removeAll(at.engine, owner)
    }
  })
})

describe.skipIf(!host?.startsWith('unix://'))('a project', {timeout: 120_000}, () => {
  it('that is stopped while it is deployed is empty afterwards', async () => {
    const {api, bench} = at
    const [name, project] = [bench.name(), bench.mark]
    const deploy = bench.deploy(bench.service(name, {project, env: {BOOT_MS: '2000'}}))
    await until(async () => (await at.containers(name)).length > 0)
    status(await api.send('DELETE', `/api/v1/projects/${project}`), 200, 'stop')
    await deploy

    await until(async () => (await at.containers(name)).length === 0)
    expect(await bench.rows(`?project=${project}`)).toEqual([])
  })
})
