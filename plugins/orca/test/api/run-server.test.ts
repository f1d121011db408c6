import {mkdtemp, readFile, rm, stat, writeFile} from 'node:fs/promises'
import type {AddressInfo} from 'node:net'
import {createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {DatabaseSync} from 'node:sqlite'
import {createHttp, serviceSpec, silentLogger} from '@omni-cli/sdk'
import {afterEach, beforeEach, expect, it} from 'vitest'
import {createClient} from '../../src/client/client.ts'
import {parseListen} from '../../src/client/listen-address.ts'
import {localTarget, readServerInfo} from '../../src/client/local-files.ts'
import {isListening} from '../../src/client/local-server.ts'
import {type RunningServer, runServer} from '../../src/server/api/run-server.ts'
import {FakeControl} from './fake-control.ts'

const web = serviceSpec.parse({name: 'web', command: 'x'})

let home: string
let control: FakeControl
const acts: string[] = []
const servers: RunningServer[] = []
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'omni-'))
  control = new FakeControl()
  acts.length = 0
})
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop('keep')))
  await rm(home, {recursive: true})
})

const start = async (address = {host: '127.0.0.1', port: 0, isExplicit: true}) => {
  const server = await runServer({
    home,
    address,
    version: '1.2.3',
    log: silentLogger,
    openControl: async () => ({
      control,
      database: new DatabaseSync(':memory:'),
      close: async (workloads) => void acts.push(`close ${workloads}`),
    }),
  })
  servers.push(server)
  return server
}
const modeOf = async (path: string) => ((await stat(join(home, path))).mode & 0o777).toString(8)
const client = async () => createClient(createHttp({log: silentLogger}), localTarget(home))

it('is there when it says so: socket, token and facts, for the owner alone', async () => {
  const {url} = await start()

  expect([await modeOf('run'), await modeOf('run/server.sock'), await modeOf('run/server.json')]).toEqual([
    '700',
    '600',
    '600',
  ])
  expect(await modeOf('server.token')).toBe('600')
  expect(readServerInfo(home)).toMatchObject({pid: process.pid, url, version: '1.2.3'})
  expect(await (await client()).version()).toMatchObject({version: '1.2.3'})
})

it('keeps its token over a restart, and narrows one that others could read', async () => {
  await (await start()).stop('keep')
  const token = await readFile(join(home, 'server.token'), 'utf8')
  await rm(join(home, 'server.token'))
  await writeFile(join(home, 'server.token'), token, {mode: 0o644})

  await start()

  expect(await readFile(join(home, 'server.token'), 'utf8')).toBe(token)
  expect(await modeOf('server.token')).toBe('600')
})

it('leaves nothing behind, and the services running', async () => {
  const server = await start()

  await server.stop('keep')
  await server.ended

  expect(await isListening(home)).toBe(false)
  expect(readServerInfo(home)).toBeUndefined()
  expect(acts).toEqual(['close keep'])
})

it('hands on that the services and the proxy are to end', async () => {
  const server = await start()

  await (await client()).shutdown('stop')
  await server.ended

  expect(acts).toEqual(['close stop'])
})

it('ends followed events when it stops', async () => {
  const server = await start()
  control.event('service/web', 'x', '')
  const reading = (await client()).events({follow: true})
  await reading.next()

  await server.stop('keep')

  expect(await reading.next()).toMatchObject({done: true})
})

it('lets a deploy under way end first', async () => {
  const server = await start()
  const gate = Promise.withResolvers<void>()
  control.gate = gate.promise
  const started = Promise.withResolvers<void>()
  const deploy = (await client()).deploy(web, 'apply', {
    onProgress: () => started.resolve(),
  })
  await started.promise

  const stopped = server.stop('keep')
  gate.resolve()

  expect(await deploy).toMatchObject({name: 'web'})
  await stopped
})

it('takes the next port when the usual one is taken, but never another one than it was told', async () => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const {port} = other.address() as AddressInfo
  try {
    await expect(start({host: '127.0.0.1', port, isExplicit: true})).rejects.toMatchObject({code: 'CONFLICT'})
    const {url} = await start({host: '127.0.0.1', port, isExplicit: false})
    expect(Number(new URL(url).port)).toBeGreaterThan(port)
  } finally {
    other.close()
  }
})

it('takes over a socket that a dead server left behind', async () => {
  const {socketPath} = await import('../../src/socket-path.ts')
  await writeFile(socketPath(home, 'server'), '')
  await start()
  expect(await isListening(home)).toBe(true)
})

it('makes a socket that was deleted anew, and ends as usual', async () => {
  const {socketPath} = await import('../../src/socket-path.ts')
  const server = await start()

  await rm(socketPath(home, 'server'))

  await expect.poll(() => isListening(home), {timeout: 5_000}).toBe(true)
  expect(await (await client()).version()).toMatchObject({version: '1.2.3'})
  await server.stop('keep')
  expect(await isListening(home)).toBe(false)
})

it.each([
  ['127.0.0.1:6880', {host: '127.0.0.1', port: 6880}],
  ['[::1]:0', {host: '::1', port: 0}],
  [':7000', {host: '::', port: 7000}],
  ['localhost:80', {host: 'localhost', port: 80}],
])('--listen %s', (text, expected) => expect(parseListen(text)).toEqual({...expected, isExplicit: true}))

it.each(['6880', 'a:b', '127.0.0.1:70000', '', 'http://x:1'])('--listen %j is USAGE', (text) => {
  expect(() => parseListen(text)).toThrow(expect.objectContaining({code: 'USAGE'}))
})
