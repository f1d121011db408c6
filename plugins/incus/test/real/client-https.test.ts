import {X509Certificate} from 'node:crypto'
import {mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest'
import {z} from 'zod'
import {createCertificate} from '../../src/client/certificate.ts'
import type {IncusClient} from '../../src/client/client.ts'
import {openClient} from '../../src/client/open-client.ts'
import type {IncusSettings} from '../../src/config.ts'
import {type PrivateDaemon, startPrivateDaemon} from './private-daemon.ts'
import {socket, testContext} from './test-project.ts'

let daemon: PrivateDaemon
let admin: IncusClient
let home: string
let certificate: string

beforeAll(async () => {
  if (socket === undefined) return
  daemon = await startPrivateDaemon()
  admin = await openClient(testContext({INCUS_SOCKET: daemon.socket}), {})
  certificate = await readFile(join(daemon.folder, 'server.crt'), 'utf8')
})
afterAll(async () => {
  admin?.close()
  await daemon?.remove()
})
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'omni-home-'))
})
afterEach(() => rm(home, {recursive: true}))

const open = (settings: IncusSettings, env: Readonly<Record<string, string>> = {}) =>
  openClient(testContext(env, home), settings)

const tokenWire = z.object({
  fingerprint: z.string(),
  addresses: z.array(z.string()),
  secret: z.string(),
  expiresAt: z.string().optional(),
  request: z.object({name: z.string()}),
})

/** What `incus config trust add` prints. */
async function createToken(more: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const json = {name: `omni-${Math.random().toString(36).slice(2)}`, type: 'client', token: true, ...more}
  const operation = await admin.begin({method: 'POST', path: '/certificates', json})
  const {request, expiresAt, ...rest} = tokenWire.parse(operation.metadata)
  const token = {...rest, client_name: request.name, expires_at: expiresAt ?? '0001-01-01T00:00:00Z'}
  return Buffer.from(JSON.stringify(token)).toString('base64')
}

const fingerprint = () => new X509Certificate(certificate).fingerprint256

describe.skipIf(socket === undefined)('the trust token of a server', () => {
  it('is used once; later clients need it no more', async () => {
    const settings = {url: daemon.url, trust: {env: 'TOKEN'}}
    const token = await createToken()
    const first = await open(settings, {TOKEN: token})
    expect((await first.server()).auth).toBe('trusted')
    first.close()

    for (const env of [{TOKEN: token}, {}]) {
      const later = await open(settings, env)
      expect((await later.server()).auth).toBe('trusted')
      later.close()
    }
  })

  it('makes a key and a certificate for this user alone', async () => {
    const client = await open({url: daemon.url, trust: {env: 'TOKEN'}}, {TOKEN: await createToken()})
    await client.server()
    client.close()

    const folder = join(home, 'incus')
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
    for (const name of await readdir(folder)) expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600)
  })

  it('is refused when another client has used it', async () => {
    const token = await createToken()
    const first = await open({url: daemon.url, trust: {env: 'TOKEN'}}, {TOKEN: token})
    await first.server()
    first.close()
    await rm(join(home, 'incus'), {recursive: true})

    const second = await open({url: daemon.url, trust: {env: 'TOKEN'}}, {TOKEN: token})
    await expect(second.server()).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringMatching(/does not accept the trust token: it was used or taken back/),
      hint: expect.stringMatching(/incus config trust add/),
    })
  })

  it('is told apart when its time is over', async () => {
    const token = await createToken()
    const fields: unknown = JSON.parse(Buffer.from(token, 'base64').toString())
    const old = Buffer.from(JSON.stringify({...Object(fields), expires_at: '2020-01-02T03:04:05Z'})).toString('base64')

    const client = await open({url: daemon.url, trust: {env: 'TOKEN'}}, {TOKEN: old})
    await expect(client.server()).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringMatching(/expired at 2020-01-02/),
    })
  })

  it.each([['nonsense'], [Buffer.from('{"a":1}').toString('base64')]])('is not %s', async (text) => {
    const client = await open({url: daemon.url, trust: {env: 'TOKEN'}}, {TOKEN: text})
    await expect(client.server()).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/\$TOKEN is no/),
    })
  })

  it('is missed as long as the server is not known', async () => {
    const client = await open({url: daemon.url, trust: {file: join(home, 'no-such-file')}})
    await expect(client.server()).rejects.toMatchObject({code: 'CONFIG_INVALID'})
  })
})

describe.skipIf(socket === undefined)('the certificate of a server', () => {
  it('is not believed when it is its own and no fingerprint is known', async () => {
    const client = await open({url: daemon.url})
    await expect(client.server()).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      hint: expect.stringMatching(/fingerprint/),
    })
  })

  it('is known and we are not: what to do is told', async () => {
    const client = await open({url: daemon.url, fingerprint: fingerprint().replaceAll(':', '')})
    const refusal = {code: 'UNAUTHORIZED', hint: expect.stringMatching(/incus config trust add/)}
    await expect(client.server()).rejects.toMatchObject(refusal)
    await expect(client.fetch(z.unknown(), {method: 'GET', path: '/instances'})).rejects.toMatchObject(refusal)
    client.close()
  })

  it('is another one than the known one: nothing is sent', async () => {
    const client = await open({url: daemon.url, fingerprint: 'ab'.repeat(32)})
    const refusal = {
      code: 'UNAUTHORIZED',
      message: expect.stringMatching(/shows another certificate than the known one/),
      hint: expect.stringMatching(/fingerprint/),
    }
    await expect(client.server()).rejects.toMatchObject(refusal)
    await expect(client.socket('/events', {})).rejects.toMatchObject(refusal)
    client.close()
  })
})

describe.skipIf(socket === undefined)('over HTTPS', () => {
  it('websockets and changes work as over a socket', async () => {
    const client = await open({url: daemon.url, trust: {env: 'TOKEN'}}, {TOKEN: await createToken()})
    const events = await client.socket('/events', {type: 'lifecycle'})
    const seen: string[] = []
    events.onFrame((frame) => seen.push(String(frame)))
    await client.send({method: 'POST', path: '/projects', json: {name: 'over-https', config: {}}})

    expect(await client.find(z.unknown(), {method: 'GET', path: '/projects/over-https'})).toBeDefined()
    await client.send({method: 'DELETE', path: '/projects/over-https'})
    events.close()
    await events.closed
    client.close()
  })

  it('a restricted certificate is told what it may not do', async () => {
    await admin.send({method: 'POST', path: '/projects', json: {name: 'mine', config: {}}})
    const token = await createToken({restricted: true, projects: ['mine']})
    const settings = {url: daemon.url, trust: {env: 'TOKEN'}}
    const client = await open({...settings, project: 'mine'}, {TOKEN: token})
    const list = {method: 'GET', path: '/instances'} as const
    expect((await client.fetch(z.array(z.unknown()), list)).value).toEqual([])
    await expect(client.send({method: 'POST', path: '/projects', json: {name: 'other'}})).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
    })
    const other = await open(settings, {TOKEN: token})
    await expect(other.fetch(z.array(z.unknown()), list)).rejects.toMatchObject({code: 'UNAUTHORIZED'})

    client.close()
    other.close()
    await admin.send({method: 'DELETE', path: '/projects/mine'})
  })
})

describe.skipIf(socket === undefined)('remotes of the incus program', () => {
  const remotes = async (servercert: string) => {
    const folder = join(home, 'conf')
    await mkdir(join(folder, 'servercerts'), {recursive: true})
    const pem = createCertificate('test', new Date())
    const [cert = '', key = ''] = pem.split(/(?=-----BEGIN PRIVATE)/)
    await writeFile(join(folder, 'client.crt'), cert)
    await writeFile(join(folder, 'client.key'), key)
    await writeFile(join(folder, 'servercerts', 'prod.crt'), servercert)
    const yaml = `remotes:\n  prod: {addr: "${daemon.url}", protocol: incus, project: p1}\n  images: {addr: "https://x", protocol: simplestreams}\n  sock: {addr: "unix://${daemon.socket}"}\n`
    await writeFile(join(folder, 'config.yml'), yaml)
    return {folder, cert}
  }

  it('are used with their certificates and project', async () => {
    const {folder, cert} = await remotes(certificate)
    const der = cert.replace(/-----[^-]+-----|\s/g, '')
    await admin.send({method: 'POST', path: '/certificates', json: {name: 'test', type: 'client', certificate: der}})
    const client = await open({remote: 'prod', project: 'default'}, {INCUS_CONF: folder})
    expect((await client.server()).auth).toBe('trusted')
    expect(client.url).toBe(daemon.url)
    client.close()

    const byName = await open({}, {INCUS_CONF: folder, INCUS_REMOTE: 'prod'})
    expect(byName.project).toBe('p1')
    await expect(byName.fetch(z.unknown(), {method: 'GET', path: '/instances'})).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringMatching(/no project 'p1'/),
    })
    byName.close()
  })

  it('may be a socket', async () => {
    const {folder} = await remotes(certificate)
    const client = await open({remote: 'sock'}, {INCUS_CONF: folder})
    expect((await client.server()).auth).toBe('trusted')
    client.close()
  })

  it('a changed certificate of the server is refused, with the way to accept it', async () => {
    const [other = ''] = createCertificate('other', new Date()).split(/(?=-----BEGIN PRIVATE)/)
    const {folder} = await remotes(other)
    const client = await open({remote: 'prod', project: 'default'}, {INCUS_CONF: folder})
    await expect(client.server()).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      hint: `incus remote remove prod, then incus remote add prod ${daemon.url}`,
    })
  })

  it('damaged certificates and those of another key are told', async () => {
    const {folder} = await remotes('-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n')
    const refusal = {code: 'CONFIG_INVALID', message: expect.stringContaining(folder)}
    await expect((await open({remote: 'prod'}, {INCUS_CONF: folder})).server()).rejects.toMatchObject(refusal)

    const [, key = ''] = createCertificate('other', new Date()).split(/(?=-----BEGIN PRIVATE)/)
    await writeFile(join(folder, 'servercerts', 'prod.crt'), certificate)
    await writeFile(join(folder, 'client.key'), key)
    await expect((await open({remote: 'prod'}, {INCUS_CONF: folder})).server()).rejects.toMatchObject(refusal)
  })

  it('an unknown one and one of images are refused', async () => {
    const {folder} = await remotes(certificate)
    await expect(open({remote: 'prodd'}, {INCUS_CONF: folder})).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      hint: "did you mean 'prod'?",
    })
    await expect(open({remote: 'images'}, {INCUS_CONF: folder})).rejects.toMatchObject({code: 'CONFIG_INVALID'})
  })
})
