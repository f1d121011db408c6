import {once} from 'node:events'
import {readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs'
import {get as getSecurely} from 'node:https'
import {join} from 'node:path'
import {text} from 'node:stream/consumers'
import {connect} from 'node:tls'
import {afterEach, expect, it, vi} from 'vitest'
import type {TlsBookOptions} from '../../src/server/tls/create-tls-book.ts'
import type {TlsBook} from '../../src/server/tls/tls-book.ts'
import {Scope, type TestEdge, table, web} from '../edge/support/scope.ts'
import {deployWeb, fetchAs, freePort, openServer} from './real-server.ts'
import {DAY_MS, openBook, tempFolder} from './support.ts'

/** Needs Debian's pebble: `test/engines/pebble-up` starts it and prints these. */
const {OMNI_TEST_PEBBLE: directory, OMNI_TEST_PEBBLE_CA: caFile = '', OMNI_TEST_PEBBLE_ROOT: rootUrl = ''} = process.env
const httpPort = Number(process.env.OMNI_TEST_PEBBLE_HTTP_PORT)

const scope = new Scope()
afterEach(async () => {
  await scope.close()
  vi.unstubAllEnvs()
})

const HOST = 'app.example.test'

interface Setup {
  readonly book: TlsBook
  readonly edge: TestEdge
  readonly home: string
  readonly events: readonly {readonly type: string; readonly message: string}[]
}

/** A proxy on the port where the server looks, and the certificates for it. While `isDeaf`, challenges are not answered. */
async function start({
  isDeaf = () => false,
  ...options
}: Partial<TlsBookOptions> & {isDeaf?: () => boolean} = {}): Promise<Setup> {
  const edge = scope.edge()
  const home = options.home ?? tempFolder(scope)
  const address = await scope.httpBackend((_request, response) => response.end('<app>'))
  const opened = openBook(scope, {
    home,
    email: 'ops@example.test',
    directory,
    caFile,
    listener: async () => ({bind: '127.0.0.1', port: 0}),
    ...options,
    onChange: async () => {
      const shared = table(web([address], {hosts: [HOST, 'two.example.test']}))
      const {challenges, ...tls} = opened.book.table()
      const answers = isDeaf() ? {} : {challenges}
      await edge.applyTable({...shared, http: {bind: '127.0.0.1', port: httpPort}, ...tls, ...answers})
    },
  })
  return {book: opened.book, edge, home, events: opened.events}
}

const stateOf = (book: TlsBook, host = HOST) => book.state().find((state) => state.host === host)

async function issued({book, events}: Setup): Promise<string | undefined> {
  await expect.poll(() => stateOf(book)?.notAfter ?? events.at(-1)?.message, {timeout: 20_000}).toMatch(/^2/)
  return stateOf(book)?.notAfter
}

/** What a client that knows the server's root alone sees. */
async function serialOf(edge: TestEdge, servername = HOST): Promise<string> {
  const socket = connect({port: edge.securePort, host: '127.0.0.1', servername, ca: await fetchRoot()})
  scope.add(() => socket.destroy())
  await once(socket, 'secureConnect')
  return socket.getPeerCertificate().serialNumber
}

async function fetchRoot(): Promise<string> {
  const [answer] = await once(getSecurely(rootUrl, {ca: readFileSync(caFile)}), 'response')
  return text(answer)
}

const filesOf = (home: string) => {
  const tls = join(home, 'engine', 'tls')
  const folder = join(tls, readdirSync(tls)[0] ?? '')
  return {folder, files: readdirSync(folder).sort()}
}

const pebbleIt = it.skipIf(directory === undefined)

pebbleIt('is ordered, proven over the proxy and served; its files are for us alone', async () => {
  const setup = await start()

  setup.book.serve([{host: HOST}])
  await issued(setup)

  await expect.poll(() => serialOf(setup.edge)).toMatch(/^[0-9A-F]+$/)
  const {folder, files} = filesOf(setup.home)
  expect(files).toEqual(['account.pem', `${HOST}.pem`])
  for (const file of files) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600)
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  expect(setup.book.table().challenges).toBeUndefined()
  expect(JSON.stringify([setup.book.table(), setup.book.state(), setup.events])).not.toContain('PRIVATE')
  await expect.poll(() => setup.events.map(({type}) => type)).toEqual(['tls.issued'])
})

pebbleIt('is not ordered again by the next start, with the same account', async () => {
  const first = await start()
  first.book.serve([{host: HOST}])
  await issued(first)
  await expect.poll(() => first.events.length).toBe(1)
  const serial = await serialOf(first.edge)
  await scopeEnd(first)

  const second = await start({home: first.home})
  second.book.serve([{host: HOST}])

  await expect.poll(() => second.edge.securePort).toBeGreaterThan(0)
  expect(await serialOf(second.edge)).toBe(serial)
  expect(second.events).toEqual([])
})

pebbleIt('is renewed when two thirds of its life are over, also when that happened while we were away', async () => {
  let now = Date.now()
  let looks = 0
  const clock = () => {
    looks++
    return now
  }
  const setup = await start({now: clock})
  setup.book.serve([{host: HOST}])
  await issued(setup)
  await expect.poll(() => setup.events.length).toBe(1)
  const before = await serialOf(setup.edge)

  now += 45 * DAY_MS
  looks = 0
  await expect.poll(() => looks).toBeGreaterThan(10)
  expect(setup.events).toHaveLength(1)
  // The server's clock has not moved, so that the new one is as old to ours: it is served, and not ordered for ever.
  now += 30 * DAY_MS
  await expect.poll(() => setup.events.at(1)?.type, {timeout: 20_000}).toBe('tls.issued')

  await expect.poll(() => serialOf(setup.edge)).not.toBe(before)
  await expect.poll(() => stateOf(setup.book)?.lastError).toMatch(/clock/)
  expect(stateOf(setup.book)?.nextTry).toBeDefined()
})

pebbleIt('is not lost when its renewal fails; the next try is a minute later, and others are not touched', async () => {
  let now = Date.now()
  let isDeaf = false
  const home = tempFolder(scope)
  const good = await start({home, now: () => now, isDeaf: () => isDeaf})
  good.book.serve([{host: HOST}])
  await issued(good)
  await expect.poll(() => good.events.length).toBe(1)
  const before = await serialOf(good.edge)

  isDeaf = true
  now += 80 * DAY_MS
  await expect.poll(() => stateOf(good.book)?.lastError, {timeout: 20_000}).toMatch(/ACME server says/)

  expect(Date.parse(stateOf(good.book)?.nextTry ?? '') - now).toBe(60_000)
  expect(good.book.table().certificates).toHaveLength(1)
  expect(readFileSync(join(filesOf(home).folder, `${HOST}.pem`), 'utf8')).toContain('PRIVATE KEY')
  expect(await serialOf(good.edge)).toBe(before)
})

pebbleIt('a restart after a failure waits as long', async () => {
  const broken = await start({isDeaf: () => true})
  broken.book.serve([{host: HOST}])
  await expect.poll(() => stateOf(broken.book)?.nextTry, {timeout: 20_000}).toBeDefined()
  const {nextTry, lastError} = stateOf(broken.book) ?? {}
  await scopeEnd(broken)

  let looks = 0
  const again = await start({home: broken.home, now: () => Date.now() + looks++})
  again.book.serve([{host: HOST}])
  await expect.poll(() => looks).toBeGreaterThan(10)

  expect(stateOf(again.book)).toMatchObject({nextTry, lastError, source: 'acme'})
  expect(again.events).toEqual([])
})

pebbleIt('several names at once have one each', async () => {
  const setup = await start()
  // Longer than the subject of a certificate may be.
  const long = `${'b'.repeat(63)}.${'c'.repeat(20)}.example.test`

  setup.book.serve(['localhost', '*.example.test', HOST, 'two.example.test', long].map((host) => ({host})))
  await issued(setup)
  for (const host of ['two.example.test', long]) {
    await expect.poll(() => stateOf(setup.book, host), {timeout: 5_000}).toMatchObject({notAfter: expect.any(String)})
  }

  await expect
    .poll(async () => (await serialOf(setup.edge)) !== (await serialOf(setup.edge, 'two.example.test')))
    .toBe(true)
  expect(stateOf(setup.book, 'localhost')).toMatchObject({source: 'none', reason: expect.any(String)})
  expect(stateOf(setup.book, '*.example.test')?.reason).toContain('dns-01')
})

pebbleIt('an account key that is none is not overwritten', async () => {
  const setup = await start()
  setup.book.serve([{host: HOST}])
  await issued(setup)
  await scopeEnd(setup)
  const {folder} = filesOf(setup.home)
  writeFileSync(join(folder, 'account.pem'), 'nonsense')

  const next = await start({home: setup.home})
  next.book.serve([{host: 'two.example.test'}])

  await expect.poll(() => stateOf(next.book, 'two.example.test')?.lastError).toMatch(/no account key/)
  expect(readFileSync(join(folder, 'account.pem'), 'utf8')).toBe('nonsense')
})

pebbleIt('the whole server orders for the domains of its services, and says so', async () => {
  vi.stubEnv('OMNI_ACME_DIRECTORY', directory)
  vi.stubEnv('OMNI_ACME_CA', caFile)
  const httpsPort = await freePort()
  vi.stubEnv('OMNI_EDGE_HTTPS', `127.0.0.1:${httpsPort}`)
  const control = await openServer(scope, {edgeHttp: `127.0.0.1:${httpPort}`, acmeEmail: 'ops@example.test'})

  await deployWeb(control, {domain: HOST})

  const endpoints = async () => (await control.get('web'))?.endpoints.map(({url}) => url)
  await expect.poll(endpoints, {timeout: 20_000}).toContain(`https://${HOST}:${httpsPort}`)
  expect(await fetchAs(HOST, httpsPort, await fetchRoot())).toContain('<https>')
  const types: string[] = []
  for await (const {type} of control.events({})) types.push(type)
  expect(types).toContain('tls.issued')
})

/** Frees the ports for the next one of the same test. */
async function scopeEnd({book, edge}: Setup): Promise<void> {
  await book.close()
  await edge.plane.close()
  await edge.plane.drain(0)
}
