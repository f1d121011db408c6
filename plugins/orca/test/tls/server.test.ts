import {readFileSync} from 'node:fs'
import {afterEach, expect, it, vi} from 'vitest'
import {chooseSecureListener, knownSecureListener, parseTrustedProxies} from '../../src/server/shared-listener.ts'
import {createSettingStore} from '../../src/server/store/settings.ts'
import {openStore} from '../../src/server/store/store.ts'
import {lastGet, Scope} from '../edge/support/scope.ts'
import {selfSigned, writePair} from './certificates.ts'
import {deployWeb, fetchAs, freePort, openServer} from './real-server.ts'
import {tempFolder} from './support.ts'

const scope = new Scope()
afterEach(async () => {
  await scope.close()
  vi.unstubAllEnvs()
})

it('a service with a certificate is served over https, and plain requests are sent there', async () => {
  const [httpPort, httpsPort] = [await freePort(), await freePort()]
  vi.stubEnv('OMNI_EDGE_HTTPS', `127.0.0.1:${httpsPort}`)
  const control = await openServer(scope, {edgeHttp: `127.0.0.1:${httpPort}`})
  const files = writePair(tempFolder(scope), 'shop', selfSigned(['shop.example.com']))

  await deployWeb(control, {domain: 'shop.example.com', tls_cert: files.certFile, tls_key: files.keyFile})

  const endpoints = async () => (await control.get('web'))?.endpoints.map(({url}) => url)
  await expect.poll(endpoints).toContain(`https://shop.example.com:${httpsPort}`)
  const ca = readFileSync(files.certFile, 'utf8')
  expect(await fetchAs('shop.example.com', httpsPort, ca)).toContain('<https>')
  const client = scope.client(httpPort)
  client.write(lastGet('/a?b=c').replace('web.test', 'shop.example.com'))
  expect(await client.readToEnd()).toContain(`Location: https://shop.example.com:${httpsPort}/a?b=c\r\n`)
})

it('a service whose certificate cannot be used is not deployed, and says why', async () => {
  const control = await openServer(scope, {edgeHttp: `127.0.0.1:${await freePort()}`})
  const files = writePair(tempFolder(scope), 'shop', selfSigned(['other.example.com']))

  const deployed = deployWeb(control, {domain: 'shop.example.com', tls_cert: files.certFile, tls_key: files.keyFile})

  await expect(deployed).rejects.toThrow(/is not for shop\.example\.com/)
  expect(await control.get('web')).toBeUndefined()
})

it('the TLS listener is where it is wished, else on 443 beside 80, else where it was, else on a free port', async () => {
  const store = openStore(tempFolder(scope))
  scope.add(() => store.close())
  const settings = createSettingStore(store.database)
  const plain = {bind: '127.0.0.1', port: 18_080}

  expect(knownSecureListener(settings, '0.0.0.0:9443', plain)).toEqual({bind: '0.0.0.0', port: 9443})
  expect(knownSecureListener(settings, undefined, {bind: '0.0.0.0', port: 80})).toEqual({bind: '0.0.0.0', port: 443})
  expect(knownSecureListener(settings, '', plain)).toBeUndefined()
  const free = await chooseSecureListener(settings, plain)
  expect(free.port).toBeGreaterThanOrEqual(8443)
  expect(knownSecureListener(settings, undefined, plain)).toEqual(free)
  expect(() => knownSecureListener(settings, 'nonsense', plain)).toThrow(/no address for the proxy/)
})

it('trusted proxies are addresses and networks, and nothing else', () => {
  expect(parseTrustedProxies(undefined)).toEqual([])
  expect(parseTrustedProxies(' 10.0.0.0/8, ::1,fd00::/8 ,')).toEqual(['10.0.0.0/8', '::1', 'fd00::/8'])
  for (const wrong of ['all', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0', '::1/129', '10.0.0.0/-1']) {
    expect(() => parseTrustedProxies(wrong)).toThrow(/no address or network/)
  }
})

it('a wrong wish for trusted proxies stops the start', async () => {
  vi.stubEnv('OMNI_TRUSTED_PROXIES', 'everybody')

  await expect(openServer(scope, {edgeHttp: `127.0.0.1:${await freePort()}`})).rejects.toThrow(/everybody/)
})
