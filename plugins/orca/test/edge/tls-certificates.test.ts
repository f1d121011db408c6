import {rmSync, writeFileSync} from 'node:fs'
import type {TLSSocket} from 'node:tls'
import {afterEach, expect, it} from 'vitest'
import type {EdgeCertificate} from '../../src/edge/table.ts'
import {selfSigned, writePair} from '../tls/certificates.ts'
import {RawClient} from './support/raw-client.ts'
import {lastGet, Scope, web} from './support/scope.ts'
import {askSecurely, certificate, dial, pemFolder, serve} from './support/tls.ts'

const scope = new Scope()
afterEach(() => scope.close())

const named = (name: string) => scope.httpBackend((_request, response) => response.end(`<${name}>`))

const namesOf = (socket: TLSSocket) => socket.getPeerCertificate().subjectaltname

it('is that of the exact name, then of the wildcard one level up', async () => {
  const edge = scope.edge()
  const folder = pemFolder(scope)
  await serve(
    edge,
    [certificate(folder, ['*.web.test']), certificate(folder, ['web.test', 'a.web.test'])],
    web([await named('web')]),
  )

  expect(namesOf(await dial(scope, edge, {servername: 'a.web.test'}))).toBe('DNS:web.test, DNS:a.web.test')
  expect(namesOf(await dial(scope, edge, {servername: 'B.Web.Test'}))).toBe('DNS:*.web.test')
  await expect(dial(scope, edge, {servername: 'a.b.web.test'})).rejects.toThrow(/unrecognized name/i)
  expect(await askSecurely(scope, edge)).toContain('<web>')
})

it.each([['other.test'], ['web.test.evil'], ['']])('of nobody for %j: the handshake is refused', async (name) => {
  const edge = scope.edge()
  const folder = pemFolder(scope)
  await serve(edge, [certificate(folder, ['web.test'])], web([await named('web')]))

  await expect(dial(scope, edge, name === '' ? {} : {servername: name})).rejects.toThrow(/unrecognized name/i)
})

it('comes from new files when the revision changes, and connections live on', async () => {
  const edge = scope.edge()
  const folder = pemFolder(scope)
  const service = web([await named('web')])
  const first = certificate(folder, ['web.test'])
  const [before] = (await serve(edge, [first], service)).flatMap(({certificates = []}) => certificates)
  const old = await dial(scope, edge, {servername: 'web.test'})
  const client = new RawClient(old)
  const serial = old.getPeerCertificate().serialNumber

  writePair(folder, 'web.test', selfSigned(['web.test'], {notAfter: new Date('2031-05-06T07:08:09Z')}))
  await serve(edge, [first], service)
  expect((await dial(scope, edge, {servername: 'web.test'})).getPeerCertificate().serialNumber).toBe(serial)
  const listeners = await serve(edge, [{...first, revision: '2'}], service)

  expect((await dial(scope, edge, {servername: 'web.test'})).getPeerCertificate().serialNumber).not.toBe(serial)
  expect(before?.error).toBeUndefined()
  expect(listeners.find(({isTls}) => isTls)?.certificates).toEqual([
    {host: 'web.test', notAfter: '2031-05-06T07:08:09.000Z'},
  ])
  client.write(lastGet())
  expect(await client.readToEnd()).toContain('<web>')
})

it.each([
  ['garbage', (files: EdgeCertificate) => writeFileSync(files.certFile, 'no certificate')],
  ['the key of another', (files: EdgeCertificate) => writeFileSync(files.keyFile, selfSigned(['x']).key)],
  ['nothing', (files: EdgeCertificate) => rmSync(files.certFile)],
  ['an empty key', (files: EdgeCertificate) => writeFileSync(files.keyFile, '')],
])('that turned into %s leaves the old one in force, and others alone', async (_case, spoil) => {
  const edge = scope.edge()
  const folder = pemFolder(scope)
  const service = web([await named('web')])
  const [good, bad] = [certificate(folder, ['good.test']), certificate(folder, ['web.test'])]
  await serve(edge, [good, bad], service)

  spoil(bad)
  const listeners = await serve(edge, [good, {...bad, revision: '2'}], service)

  expect(await askSecurely(scope, edge)).toContain('<web>')
  const states = listeners.find(({isTls}) => isTls)?.certificates ?? []
  expect(states[0]?.error).toBeUndefined()
  expect(states[1]).toMatchObject({
    host: 'web.test',
    notAfter: expect.any(String),
    error: expect.stringContaining('web.test.'),
  })
  expect(JSON.stringify(states)).not.toContain('PRIVATE')
})

it('that was never good is reported, and its host refused', async () => {
  const edge = scope.edge()
  const folder = pemFolder(scope)
  const broken = certificate(folder, ['web.test'])
  writeFileSync(broken.certFile, '')

  const listeners = await serve(edge, [broken], web([await named('web')]))

  expect(listeners.find(({isTls}) => isTls)?.certificates?.[0]?.notAfter).toBeUndefined()
  await expect(dial(scope, edge, {servername: 'web.test'})).rejects.toThrow(/unrecognized name/i)
})

it('files are read again when they could not be read before', async () => {
  const edge = scope.edge()
  const folder = pemFolder(scope)
  const broken = certificate(folder, ['web.test'])
  writeFileSync(broken.certFile, '')
  await serve(edge, [broken], web([await named('web')]))

  writePair(folder, 'web.test', selfSigned(['web.test']))
  await serve(edge, [broken], web([await named('web')]))

  expect(await askSecurely(scope, edge)).toContain('<web>')
})
