import {createHash} from 'node:crypto'
import {once} from 'node:events'
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {connect, createServer, type Socket} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {createServer as createTlsServer} from 'node:tls'
import {afterAll, afterEach, expect, test} from 'vitest'
import {createEngine, type Engine} from '../../../src/runtimes/docker/engine/engine.ts'
import {parseSshHost, sshCommand} from '../../../src/runtimes/docker/engine/ssh.ts'
import {openTransport} from '../../../src/runtimes/docker/engine/transport.ts'
import {selfSigned} from '../../tls/certificates.ts'
import {dockerHost, field} from './support.ts'

const it = test.skipIf(dockerHost === undefined)
const folder = mkdtempSync(join(tmpdir(), 'omni-docker-'))
const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})
afterAll(() => rmSync(folder, {recursive: true}))

const open = (env: Record<string, string>): Engine => {
  const engine = createEngine(openTransport(env))
  ends.push(() => engine.close())
  return engine
}

/** Speaks as it is told to; each connection is given to `speak`. */
async function fake(speak: (socket: Socket, count: number) => void): Promise<Engine> {
  let count = 0
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined))
    speak(socket, ++count)
  })
  const path = join(folder, `fake-${Math.random().toString(36).slice(2)}.sock`)
  await once(server.listen(path), 'listening')
  ends.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return open({DOCKER_HOST: `unix://${path}`})
}

const answer = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nApi-Version: 1.41\r\n\r\n${body}`

/** Answers one question on a connection, and breaks it at the next. */
function answerOnce(socket: Socket, body: string): void {
  let questions = 0
  socket.on('data', (chunk: Buffer) => {
    if (chunk.toString().includes('/_ping')) socket.write(answer('OK'))
    else if (++questions > 1) socket.destroy()
    else socket.write(answer(body))
  })
}

test('a question on a kept connection that was closed meanwhile is asked again', async () => {
  let connections = 0
  const engine = await fake((socket, count) => {
    connections = count
    answerOnce(socket, '[]')
  })
  for (let time = 0; time < 3; time++) expect(await engine.call('GET', '/containers/json')).toEqual([])
  expect(connections).toBe(3)
})

test('what must not be repeated is not', async () => {
  const engine = await fake((socket) => answerOnce(socket, '{}'))
  await engine.call('GET', '/version')
  await expect(engine.call('POST', '/containers/create', {json: {}})).rejects.toMatchObject({code: 'UNAVAILABLE'})
})

test('a daemon that hangs, before or within its answer, is unavailable after the time', async () => {
  const engine = await fake((socket) => {
    socket.on('data', (chunk: Buffer) => {
      const text = chunk.toString()
      if (text.includes('/_ping')) socket.write(answer('OK'))
      else if (text.includes('/half')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[')
    })
  })
  const unavailable = {code: 'UNAVAILABLE', retryable: true}
  await expect(engine.call('GET', '/silent', {timeoutMs: 100})).rejects.toMatchObject(unavailable)
  await expect(engine.call('GET', '/half', {timeoutMs: 100})).rejects.toMatchObject(unavailable)
  const abort = new AbortController()
  const asked = engine.call('GET', '/half', {signal: abort.signal})
  setTimeout(() => abort.abort(), 50)
  await expect(asked).rejects.toMatchObject({code: 'ABORTED'})
})

test('an answer that breaks off is unavailable, one that is no JSON, too', async () => {
  const engine = await fake((socket) => {
    socket.on('data', (chunk: Buffer) => {
      const text = chunk.toString()
      if (text.includes('/_ping')) socket.write(answer('OK'))
      else if (text.includes('/torn')) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[')
      else socket.write(answer('hello'))
    })
  })
  await expect(engine.call('POST', '/torn')).rejects.toMatchObject({code: 'UNAVAILABLE'})
  await expect(engine.call('GET', '/words')).rejects.toMatchObject({code: 'UNAVAILABLE'})
})

test.each([
  'nonsense',
  'tcp://',
  'tcp://a:99999',
  'ssh://-oProxyCommand=x',
  'ssh://-u@host',
  'ssh://a b',
  'ssh://$(id)',
  'ssh://h/path',
  'ssh://h:0',
])('DOCKER_HOST=%s is refused', (host) => {
  expect(() => openTransport({DOCKER_HOST: host})).toThrowError(expect.objectContaining({code: 'CONFIG_INVALID'}))
})

test('the arguments of ssh are those of the address', () => {
  const target = parseSshHost('ssh://me@[fe80::1%eth0]:2222')
  expect(target).toEqual({user: 'me', hostname: 'fe80::1%eth0', port: 2222})
  expect(target === undefined ? [] : sshCommand(target).slice(-10)).toEqual(
    ['-l', 'me', '-p', '2222', '--', 'fe80::1%eth0', 'docker', 'system', 'dial-stdio'].toSpliced(
      0,
      0,
      'ConnectTimeout=30',
    ),
  )
})

it('an Engine is reached through the ssh of the user', async () => {
  const bin = join(folder, 'bin')
  mkdirSync(bin, {recursive: true})
  const script = `#!/bin/sh\necho "$@" >>${folder}/ssh.log\nwhile [ "$1" != -- ]; do shift; done; shift 2\nDOCKER_HOST=${dockerHost} exec "$@"\n`
  writeFileSync(join(bin, 'ssh'), script, {mode: 0o755})
  const engine = open({DOCKER_HOST: 'ssh://deploy@box', PATH: `${bin}:${process.env.PATH}`})
  expect(field(await engine.call('GET', '/version'), 'ApiVersion')).toMatch(/^1\./)
  expect(await engine.call('GET', '/containers/json')).toBeInstanceOf(Array)
  expect(readFileSync(join(folder, 'ssh.log'), 'utf8')).toContain('-l deploy -- box docker system dial-stdio')
})

test('when ssh fails, its own words are shown', async () => {
  const bin = join(folder, 'bad')
  mkdirSync(bin, {recursive: true})
  writeFileSync(join(bin, 'ssh'), '#!/bin/sh\necho "Permission denied (publickey)." >&2\nexit 255\n', {mode: 0o755})
  const engine = open({DOCKER_HOST: 'ssh://box', PATH: `${bin}:${process.env.PATH}`})
  await expect(engine.call('GET', '/version')).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('Permission denied'),
  })
})

it('an Engine is reached over TLS with the certificates of a folder, and not without them', async () => {
  const socket = dockerHost?.replace('unix://', '') ?? ''
  const {cert, key} = selfSigned(['localhost'])
  for (const [name, text] of Object.entries({'ca.pem': cert, 'cert.pem': cert, 'key.pem': key})) {
    writeFileSync(join(folder, name), text)
  }
  const tls = {key, cert, ca: cert, requestCert: true, rejectUnauthorized: true}
  const server = createTlsServer(tls, (client) => {
    const engine = connect(socket)
    client.pipe(engine).pipe(client)
    for (const end of [client, engine]) end.on('error', () => undefined)
  })
  server.on('tlsClientError', () => undefined)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  ends.push(() => server.close())
  const address = server.address()
  const DOCKER_HOST = `tcp://localhost:${typeof address === 'object' ? address?.port : 0}`
  const engine = open({DOCKER_HOST, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: folder})
  expect(field(await engine.call('GET', '/version'), 'ApiVersion')).toMatch(/^1\./)
  await expect(open({DOCKER_HOST}).call('GET', '/version')).rejects.toMatchObject({code: 'UNAVAILABLE'})
  expect(() => openTransport({DOCKER_HOST, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/nowhere'})).toThrowError(
    'ca.pem',
  )
})

it("the context of Docker's own command line is followed, unless DOCKER_HOST says otherwise", async () => {
  const key = createHash('sha256').update('box').digest('hex')
  const meta = join(folder, 'contexts', 'meta', key)
  mkdirSync(meta, {recursive: true})
  writeFileSync(join(meta, 'meta.json'), JSON.stringify({Name: 'box', Endpoints: {docker: {Host: dockerHost}}}))
  writeFileSync(join(folder, 'config.json'), JSON.stringify({currentContext: 'box'}))
  const env = {DOCKER_CONFIG: folder}
  expect(openTransport(env).host).toBe(dockerHost)
  expect(openTransport({...env, DOCKER_CONTEXT: 'default'}).host).toBe('unix:///var/run/docker.sock')
  expect(openTransport({...env, DOCKER_HOST: 'tcp://127.0.0.1:1'}).host).toBe('tcp://127.0.0.1:1')
  expect(() => openTransport({...env, DOCKER_CONTEXT: 'other'})).toThrowError("no context 'other'")
})
