import {chmodSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, describe, expect, it} from 'vitest'
import {examineCertificate} from '../../src/server/tls/certificate-files.ts'
import {Scope} from '../edge/support/scope.ts'
import {selfSigned, writePair} from './certificates.ts'
import {DAY_MS, openBook, tempFolder} from './support.ts'

const scope = new Scope()
afterEach(() => scope.close())

const HOST = 'web.example.com'
const now = Date.now()

describe('before a deploy', () => {
  const examine = (files: {certFile?: string; keyFile?: string}, hosts = [HOST]) =>
    examineCertificate({certFile: files.certFile, keyFile: files.keyFile, hosts, now})

  it('a good pair has nothing against it, also for a wildcard', () => {
    const folder = tempFolder(scope)

    expect(examine(writePair(folder, 'a', selfSigned([HOST])))).toEqual({problems: [], warnings: []})
    expect(examine(writePair(folder, 'b', selfSigned(['*.example.com'])))).toEqual({problems: [], warnings: []})
    expect(examine({})).toEqual({problems: [], warnings: []})
  })

  it.each([
    ['one half', (files: Files) => ({certFile: files.certFile}), /without tls_key/],
    ['the other half', (files: Files) => ({keyFile: files.keyFile}), /without tls_cert/],
    ['a missing file', (files: Files) => ({...files, keyFile: '/nowhere/key.pem'}), /cannot read \/nowhere\/key\.pem/],
    ['a relative path', (files: Files) => ({...files, certFile: 'cert.pem'}), /no absolute path/],
    ['a folder', (files: Files) => ({...files, certFile: '/tmp'}), /no PEM file/],
    [
      'files that were exchanged',
      ({certFile, keyFile}: Files) => ({certFile: keyFile, keyFile: certFile}),
      /no certificate/,
    ],
  ])('%s is told', (_case, choose, problem) => {
    const files = writePair(tempFolder(scope), 'web', selfSigned([HOST]))

    const {problems} = examine(choose(files))

    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(problem)
  })

  it.each([
    ['the key of another', () => ({...selfSigned([HOST]), key: selfSigned([HOST]).key}), /is not that of/],
    ['an expired certificate', () => selfSigned([HOST], {notAfter: new Date(now - DAY_MS)}), /expired on 2/],
    ['one for later', () => selfSigned([HOST], {notBefore: new Date(now + DAY_MS)}), /not valid before 2/],
    ['one for another host', () => selfSigned(['example.com']), /is not for web\.example\.com/],
  ])('%s is told', (_case, make, problem) => {
    const {problems} = examine(writePair(tempFolder(scope), 'web', make()))

    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(problem)
  })

  it('what will be a problem soon is a warning', () => {
    const soon = selfSigned([HOST], {notAfter: new Date(now + 3 * DAY_MS)})
    const files = writePair(tempFolder(scope), 'web', soon)
    chmodSync(files.keyFile, 0o644)

    const {problems, warnings} = examine(files)

    expect(problems).toEqual([])
    expect(warnings.join()).toMatch(/expires on .*everybody .* can read/)
  })
})

type Files = ReturnType<typeof writePair>

it("Orca's certificates are used until one is ordered, and not when they are no good", async () => {
  const [home, importFrom] = [tempFolder(scope), tempFolder(scope)]
  const good = writePair(importFrom, 'good.example', selfSigned(['good.example']))
  writePair(importFrom, 'bad.example', selfSigned(['other.example']))
  const directory = 'https://localhost:1/dir'
  const {book} = openBook(scope, {home, importFrom, directory, email: 'ops@example.test'})

  book.serve([{host: 'good.example'}, {host: 'bad.example'}])

  await expect.poll(() => book.table().certificates?.length).toBe(1)
  expect(book.table().certificates?.[0]).toMatchObject({hosts: ['good.example'], ...good})
  const errorOf = (host: string) => book.state().find((state) => state.host === host)?.lastError
  await expect.poll(() => errorOf('bad.example')).toBeDefined()
  expect(errorOf('good.example')).toBeUndefined()
})

it('a restart knows its listener: the first table has all certificates', () => {
  const folder = tempFolder(scope)
  const files = writePair(folder, 'web', selfSigned([HOST]))
  const {book} = openBook(scope, {home: folder, knownListener: {bind: '127.0.0.1', port: 9443}})

  book.serve([{host: HOST, ...files}])

  expect(book.table()).toMatchObject({https: {port: 9443}, certificates: [{hosts: [HOST]}]})
})

it('a table that the proxy did not take is told again', async () => {
  const folder = tempFolder(scope)
  const files = writePair(folder, 'web', selfSigned([HOST]))
  let isAway = true
  const {book, changes} = openBook(scope, {
    home: folder,
    onChange: () => {
      if (isAway) throw new Error('the proxy is away')
    },
  })
  book.serve([{host: HOST, ...files}])
  await expect.poll(changes).toBeGreaterThan(2)

  isAway = false
  const before = changes()

  await expect.poll(changes).toBe(before + 1)
})

describe('files of the user', () => {
  it('are in the table at once, hosts of the same files in one row', async () => {
    const folder = tempFolder(scope)
    const files = writePair(folder, 'web', selfSigned(['a.test', 'b.test']))
    const {book, changes} = openBook(scope, {home: folder})

    book.serve([{host: 'a.test', ...files}, {host: 'b.test', ...files}, {host: 'c.test'}])

    await expect.poll(changes).toBe(1)
    expect(book.table()).toMatchObject({
      https: {port: 8443},
      certificates: [{hosts: ['a.test', 'b.test'], ...files, isRedirected: true}],
    })
    expect(book.state()).toMatchObject([
      {host: 'a.test', source: 'files', notAfter: expect.any(String)},
      {host: 'b.test', source: 'files'},
      {host: 'c.test', source: 'none', reason: 'no acme_email is configured'},
    ])
  })

  it('are read again when they change; what cannot be used leaves the last good ones', async () => {
    const folder = tempFolder(scope)
    const files = writePair(folder, 'web', selfSigned([HOST]))
    const {book, events} = openBook(scope, {home: folder})
    book.serve([{host: HOST, ...files}])
    const revision = () => book.table().certificates?.[0]?.revision
    await expect.poll(revision).toBeDefined()
    const first = revision()

    writeFileSync(files.certFile, 'half a certificate')
    await expect.poll(() => events.at(0)?.message).toMatch(/no certificate in PEM/)
    expect(revision()).toBe(first)
    expect(book.state()[0]).toMatchObject({lastError: expect.any(String), notAfter: expect.any(String)})

    writePair(folder, 'web', selfSigned([HOST], {notAfter: new Date('2033-01-01T00:00:00Z')}))
    await expect.poll(() => book.state()[0]?.notAfter).toBe('2033-01-01T00:00:00.000Z')
    expect(revision()).not.toBe(first)
    expect(book.state()[0]?.lastError).toBeUndefined()
  })

  it('that are not there yet are taken when they come; without any certificate there is no listener', async () => {
    const folder = tempFolder(scope)
    const files = {certFile: join(folder, 'x.cert.pem'), keyFile: join(folder, 'x.key.pem')}
    const {book} = openBook(scope, {home: folder})
    book.serve([{host: HOST, ...files}])
    expect(book.table()).toEqual({})

    writePair(folder, 'x', selfSigned([HOST]))

    await expect.poll(() => book.table().https?.port).toBe(8443)
    book.serve([])
    expect(book.table()).toEqual({})
  })

  it('expired ones are served, but nobody is sent to them', async () => {
    const folder = tempFolder(scope)
    const files = writePair(folder, 'web', selfSigned([HOST], {notAfter: new Date(now - DAY_MS)}))
    const {book} = openBook(scope, {home: folder})

    book.serve([{host: HOST, ...files}])

    await expect.poll(() => book.table().certificates?.[0]?.isRedirected).toBe(false)
  })

  it('the key of a removed file is nowhere in the home', async () => {
    const folder = tempFolder(scope)
    const files = writePair(folder, 'web', selfSigned([HOST]))
    const {book} = openBook(scope, {home: folder})
    book.serve([{host: HOST, ...files}])
    await expect.poll(() => book.table().https).toBeDefined()

    rmSync(files.keyFile)

    await expect.poll(() => book.state()[0]?.lastError).toMatch(/cannot read/)
    expect(JSON.stringify([book.table(), book.state()])).not.toContain('PRIVATE')
  })
})
