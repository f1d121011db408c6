import {execFile} from 'node:child_process'
import {randomBytes} from 'node:crypto'
import {chmod, mkdtemp, readFile, rm} from 'node:fs/promises'
import {createServer} from 'node:net'
import {networkInterfaces, tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {Readable} from 'node:stream'
import {text} from 'node:stream/consumers'
import {promisify} from 'node:util'
import {type InstanceInput, type InstanceProvider, instanceSpec, networkSpec, poll} from '@omni-cli/sdk'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import type {IncusClient} from '../../src/client/client.ts'
import {openClient} from '../../src/client/open-client.ts'
import {createIncus} from '../../src/provider/incus.ts'
import {socket, testContext} from './test-project.ts'

const SCRIPT = resolve(import.meta.dirname, '../../../../test/engines/incus-cluster-up')

let folder: string
let client: IncusClient
let provider: InstanceProvider

const cluster = async (...words: string[]) => {
  const port = await freePort()
  const env = {...process.env, OMNI_CLUSTER_PORT: String(port)}
  await promisify(execFile)(SCRIPT, [join(folder, 'cluster'), ...words], {env, timeout: 120_000})
}
const spec = (name: string, fields: Partial<InstanceInput> = {}) =>
  instanceSpec.parse({name, image: 'omni-test/busybox', network: {type: 'none'}, ...fields})
const memberOf = async (name: string) => (await provider.get(name))?.location
const nodes = async () => new Map((await provider.nodes?.list())?.map((node) => [node.id, node]))

beforeAll(async () => {
  if (socket === undefined) return
  folder = await mkdtemp(join(tmpdir(), 'omni-cluster-'))
  // Containers must be able to pass through it.
  await chmod(folder, 0o711)
  await cluster()
  const settings = {url: `unix:${join(folder, 'cluster/one/unix.socket')}`}
  const context = testContext({HOME: folder}, join(folder, 'home'))
  client = await openClient(context, settings)
  provider = createIncus(client, {context, settings})
}, 150_000)
afterAll(async () => {
  client?.close()
  if (folder === undefined) return
  await cluster('down')
  await rm(folder, {recursive: true, force: true})
}, 60_000)

describe.skipIf(socket === undefined)('a cluster of two members', () => {
  it('tells its members', async () => {
    const found = await nodes()

    expect([...found.keys()].sort()).toEqual(['one', 'two'])
    expect(found.get('two')).toMatchObject({
      address: expect.stringMatching(/^https:\/\/127\.0\.0\.1:/),
      draining: false,
      labels: {status: 'online', groups: 'default'},
    })
    await expect(provider.nodes?.drain?.('three')).rejects.toMatchObject({code: 'NOT_FOUND'})
  })

  it('a machine is made on the member, or in the group, that its plan names', async () => {
    await client.send({method: 'POST', path: '/cluster/groups', json: {name: 'spare', members: ['two']}})
    const [named, grouped] = await Promise.all([
      provider.create(spec('named', {location: 'two'})),
      provider.create(spec('grouped', {location: '@spare'})),
    ])

    expect(named).toMatchObject({status: 'running', location: 'two'})
    expect(grouped).toMatchObject({status: 'running', location: 'two'})
    const refusals = await provider.refusals({instances: [spec('x', {location: 'three'})], profiles: [], networks: []})
    expect(refusals).toMatchObject([{instance: 'x', path: ['location']}])
  }, 60_000)

  it('a machine of the other member is worked with like one of this member', async () => {
    const {files, exec, snapshots, copies, metrics} = provider
    await files?.write('named', '/root/there', Readable.from(['there']), {mode: 0o600})
    const read = await files?.read('named', '/root/there')
    expect(read && (await text(read))).toBe('there')
    const output: Buffer[] = []
    const ran = await exec?.run('named', ['sh', '-c', 'hostname; exit 7'], {onStdout: (chunk) => output.push(chunk)})
    expect([ran?.exitCode, Buffer.concat(output).toString()]).toEqual([7, 'named\n'])
    await snapshots?.create('named', 'kept')
    await files?.write('named', '/root/there', Readable.from(['changed']))
    await snapshots?.restore('named', 'kept')
    const restored = await files?.read('named', '/root/there')
    expect(restored && (await text(restored))).toBe('there')
    expect(await copies?.copy('named', 'copied')).toMatchObject({status: 'stopped'})
    expect((await metrics?.read())?.map(({name}) => name).sort()).toEqual(['grouped', 'named'])
    expect(await provider.stop('grouped', {force: true})).toMatchObject({status: 'stopped'})
    expect(await provider.start('grouped')).toMatchObject({status: 'running'})
  }, 90_000)

  it('an operation of the other member is not asked for in a tight loop', async () => {
    const before = await requestsOn('one')
    await provider.create(spec('patient', {location: 'two'}))
    const asked = (await requestsOn('one')) - before

    expect(before).toBeGreaterThan(0)
    expect(asked).toBeLessThan(20)
    await provider.stop('patient', {force: true})
    await provider.remove('patient')
  }, 60_000)
})

describe.skipIf(socket === undefined)('a cluster that changes', () => {
  it('a network that one member cannot make is taken away from all of them', async () => {
    // Both share the interfaces of this machine, so that the second one finds the bridge of the first.
    const name = `cl${randomBytes(4).toString('hex')}`
    const create = provider.networks?.create(networkSpec.parse({name, nat: false}))

    await expect(create).rejects.toThrow(/notify peer.*interface "cl.*" already exists|already partially created/)
    expect(await provider.networks?.get(name)).toBeUndefined()
    expect(networkInterfaces()[name]).toBeUndefined()
  }, 60_000)

  it('a drained member gives its machines away, and gets them back', async () => {
    // Incus finds no place for what must stay in a group that has no other member.
    await expect(provider.nodes?.drain?.('two')).rejects.toThrow(/find a cluster member/)
    await provider.stop('grouped', {force: true})
    await provider.remove('grouped')

    expect(await provider.nodes?.drain?.('two')).toMatchObject({draining: true, labels: {status: 'evacuated'}})
    expect(await provider.nodes?.drain?.('two')).toMatchObject({draining: true})
    expect(await memberOf('named')).toBe('one')
    expect(await provider.get('named')).toMatchObject({status: 'running'})

    expect(await provider.nodes?.undrain?.('two')).toMatchObject({draining: false, labels: {status: 'online'}})
    expect(await memberOf('named')).toBe('two')
    expect(await provider.get('named')).toMatchObject({status: 'running'})
  }, 120_000)

  it('a member that is gone is told, and what is on the other one still works', async () => {
    await provider.create(spec('stays', {location: 'one'}))
    process.kill(Number(await readFile(join(folder, 'cluster/two.pid'), 'utf8')), 'SIGKILL')
    await poll({everyMs: 500, timeoutMs: 60_000}, async () => (await nodes()).get('two')?.labels.status === 'offline')

    const seen = new Map((await provider.list()).map((instance) => [instance.name, instance.status]))
    expect(seen.get('stays')).toBe('running')
    expect(seen.get('named')).not.toBe('running')
    await expect(provider.files?.stat('named', '/root')).rejects.toMatchObject({code: 'UNAVAILABLE'})
    await expect(provider.start('named')).rejects.toMatchObject({code: 'UNAVAILABLE'})
    expect((await provider.exec?.run('stays', ['true']))?.exitCode).toBe(0)
  }, 120_000)
})

/** How many requests a member has been sent. */
async function requestsOn(member: string): Promise<number> {
  const log = await readFile(join(folder, `cluster/${member}.log`), 'utf8')
  return log.split('Handling API request').length - 1
}

function freePort(): Promise<number> {
  const {promise, resolve: found, reject} = Promise.withResolvers<number>()
  const server = createServer()
  server.once('error', reject)
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    server.close(() => found(typeof address === 'object' && address !== null ? address.port : 0))
  })
  return promise
}
