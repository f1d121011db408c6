import {createServer} from 'node:http'
import type {AddressInfo} from 'node:net'
import {Readable} from 'node:stream'
import {type HttpTarget, poll} from '@omni-cli/sdk'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {WebSocket} from 'ws'
import {runExec} from '../../src/client/exec.ts'
import {openBeside} from '../../src/runtimes/process/open-beside.ts'
import {listProcesses} from '../../src/runtimes/process/process-table.ts'
import type {ExecSession} from '../../src/runtimes/runtime.ts'
import {createUpgrader, isUpgrade} from '../../src/server/api/upgrade.ts'
import {ADMIN, serveApi} from './serve.ts'

let api: Awaited<ReturnType<typeof serveApi>>
let server: ReturnType<typeof createServer>
let target: HttpTarget
const sessions: ExecSession[] = []

beforeEach(async () => {
  api = await serveApi()
  // The programs run beside this test, as those of the process runtime do beside their replicas.
  api.control.exec = async (_name, request) => {
    const env = {PATH: process.env.PATH ?? '', MARK: 'of the replica'}
    const session = await openBeside({cwd: '/', env}, request)
    sessions.push(session)
    return session
  }
  await api.call('POST', '/api/v1/deploy', {body: {services: [{name: 'web', command: 'x'}]}})
  const handler = api.app.routing
  server = createServer({shouldUpgradeCallback: isUpgrade}, handler).on('upgrade', createUpgrader(handler))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const {port} = server.address() as AddressInfo
  target = {url: `http://127.0.0.1:${port}`, token: ADMIN}
})
afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.close()))
  server.closeAllConnections()
  server.close()
  await api.close()
})

async function run(argv: readonly string[], options: Parameters<typeof runExec>[1]['options'] = {}) {
  const seen = {stdout: '', stderr: ''}
  const {exitCode} = await runExec(target, {
    name: 'web',
    argv,
    options: {
      onStdout: (chunk) => {
        seen.stdout += chunk
      },
      onStderr: (chunk) => {
        seen.stderr += chunk
      },
      ...options,
    },
  })
  return {...seen, exitCode}
}

const isRunning = (pid: number) => listProcesses().some((row) => row.pid === pid && !row.isDead)

/** Starts a program that tells its pid and sleeps; `during` has the pid. */
async function sleeping(during: (pid: number) => void | Promise<void>, options: {signal?: AbortSignal} = {}) {
  let text = ''
  const {promise, resolve} = Promise.withResolvers<number>()
  const onStdout = (chunk: Buffer) => {
    text += chunk
    if (text.endsWith('\n')) resolve(Number(text))
  }
  const running = run(['sh', '-c', 'echo $$; sleep 1000 & wait'], {onStdout, ...options})
  running.catch(() => undefined)
  const pid = await promise
  await during(pid)
  return {running, pid}
}

describe('a program in a replica', () => {
  it('has two outputs and its own exit status', async () => {
    const argv = ['sh', '-c', 'echo "$MARK"; echo bad >&2; exit 42']
    expect(await run(argv)).toEqual({stdout: 'of the replica\n', stderr: 'bad\n', exitCode: 42})
  })

  it.each([
    [127, ['no-such-program']],
    [126, ['/etc']],
    [143, ['sh', '-c', 'kill -TERM $$']],
  ])('ends with %d as in a shell: %j', async (exitCode, argv) => {
    expect((await run(argv)).exitCode).toBe(exitCode)
  })

  it('gets every byte of its input, and its output is whole, however slow the reader', async () => {
    const bytes = Buffer.from(Uint8Array.from({length: 5_000_000}, (_, at) => (at * 7919) % 256))
    const seen: Buffer[] = []
    const onStdout = async (chunk: Buffer) => {
      seen.push(Buffer.from(chunk))
      if (seen.length % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    const {exitCode} = await run(['cat'], {stdin: Readable.from([bytes.subarray(0, 3), bytes.subarray(3)]), onStdout})

    expect({exitCode, isWhole: Buffer.concat(seen).equals(bytes)}).toEqual({exitCode: 0, isWhole: true})
  })

  it('without input sees its end at once', async () => {
    expect(await run(['sh', '-c', 'cat; echo over'])).toMatchObject({stdout: 'over\n'})
  })

  it('does not wait for what it leaves behind, which ends as well', async () => {
    const {stdout, exitCode} = await run(['sh', '-c', 'sleep 1000 & echo $!; exit 5'])

    expect(exitCode).toBe(5)
    await poll({everyMs: 20, timeoutMs: 5_000}, () => !isRunning(Number(stdout)))
  })

  it('has a terminal of the wanted size, which follows that of the client', async () => {
    let text = ''
    let resize: ((size: {columns: number; rows: number}) => void) | undefined
    const input = new Readable({read: () => undefined})
    const running = run(['sh', '-c', 'while read line; do stty size; done; [ -t 0 ] && [ -t 1 ] && exit 9'], {
      stdin: input,
      onStdout: (chunk) => {
        text += chunk
      },
      terminal: {
        size: {columns: 91, rows: 31},
        onResize(listener) {
          resize = listener
          return () => undefined
        },
      },
    })
    const says = (wanted: string) =>
      poll({everyMs: 50, timeoutMs: 10_000}, () => {
        input.push('\n')
        return text.includes(wanted)
      })
    await says('31 91')
    resize?.({columns: 120, rows: 50})
    await says('50 120')
    input.push('\u0004')

    expect((await running).exitCode).toBe(9)
  })

  it('on a terminal ends with 127 when there is none of its name, and keeps quotes as they are', async () => {
    const terminal = {size: {columns: 80, rows: 24}, onResize: () => () => undefined}
    expect((await run(['no-such-program'], {terminal})).exitCode).toBe(127)
    expect((await run(['printf', '%s|', "it's", '$HOME', '`id`'], {terminal})).stdout).toBe("it's|$HOME|`id`|")
  })
})

describe('the end of a session', () => {
  it('by the client ends the program with all that it started', async () => {
    const stop = new AbortController()
    const {running, pid} = await sleeping(() => stop.abort(), {signal: stop.signal})

    await expect(running).rejects.toMatchObject({code: 'ABORTED'})
    await poll({everyMs: 20, timeoutMs: 5_000}, () => !isRunning(pid))
  })

  it('comes with that of its token', async () => {
    const {token} = api.tokens.create({name: 'short', role: 'admin'})
    target = {...target, token}
    const {running, pid} = await sleeping(() => void api.tokens.revoke('short'))

    await expect(running).rejects.toMatchObject({code: 'UNAUTHORIZED'})
    await poll({everyMs: 20, timeoutMs: 5_000}, () => !isRunning(pid))
  }, 15_000)

  it('comes with that of the server', async () => {
    const {running, pid} = await sleeping(() => api.closing.abort())

    await expect(running).rejects.toMatchObject({code: 'UNAVAILABLE'})
    await poll({everyMs: 20, timeoutMs: 5_000}, () => !isRunning(pid))
  })

  it.each([
    ['a text', (socket: WebSocket) => socket.send('hello')],
    ['a frame that is too long', (socket: WebSocket) => socket.send(Buffer.alloc(2 * 1024 * 1024))],
    ['an unknown kind of frame', (socket: WebSocket) => socket.send(Buffer.of(9, 1))],
    ['a control message that is none', (socket: WebSocket) => socket.send(Buffer.from('\u0003{"type":'))],
  ])('comes with %s from the client', async (_, send) => {
    const headers = {authorization: `Bearer ${ADMIN}`}
    const socket = new WebSocket(`${target.url.replace('http', 'ws')}/api/v1/services/web/exec?arg=sleep&arg=1000`, {
      headers,
    })
    const closed = new Promise<number>((resolve) => socket.once('close', resolve))
    socket.on('error', () => undefined)
    await new Promise((resolve) => socket.once('open', resolve))
    send(socket)

    expect([1003, 1006, 1008, 1009]).toContain(await closed)
    expect(await sessions[0]?.exitCode).toBe(137)
  })
})

describe('exec is refused', () => {
  const attempt = (path: string, headers: Record<string, string>) =>
    new Promise<{status: number; text: string}>((resolve, reject) => {
      const socket = new WebSocket(`${target.url.replace('http', 'ws')}${path}`, {headers})
      socket.once('open', () => reject(new Error('it was accepted')))
      socket.on('error', () => undefined)
      socket.once('unexpected-response', async (_request, answer) => {
        const chunks: Buffer[] = []
        for await (const chunk of answer) chunks.push(chunk)
        resolve({status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString()})
        socket.terminate()
      })
    })
  const path = '/api/v1/services/web/exec?arg=true'
  const admin = {authorization: `Bearer ${ADMIN}`}

  it.each(['viewer', 'deployer'] as const)('to the role %s, before the protocol changes', async (role) => {
    const answer = await attempt(path, {authorization: `Bearer ${api.tokenOf(role)}`})
    expect(answer).toEqual({status: 403, text: `role '"${role}"' may not perform 'exec' on this route`})
    expect(sessions).toEqual([])
  })

  it.each([
    ['without a token', path, {}, 401],
    ['with a wrong token', path, {authorization: 'Bearer nope'}, 401],
    ['to the page of a browser', path, {...admin, origin: 'https://evil.example'}, 403],
    ['for an unknown service', '/api/v1/services/ghost/exec?arg=true', admin, 404],
    ['without a program', '/api/v1/services/web/exec', admin, 400],
    ['for a terminal without a size', `${path}&tty=true&columns=0`, admin, 400],
    ['on another route', '/api/v1/status/exec', admin, 404],
  ])('%s', async (_, where, headers, status) => {
    expect((await attempt(where, headers as Record<string, string>)).status).toBe(status)
    expect(sessions).toEqual([])
  })

  it('as a plain request', async () => {
    const answer = await api.call('GET', path)
    expect({status: answer.status, upgrade: answer.headers.get('upgrade')}).toEqual({status: 426, upgrade: 'websocket'})
  })

  it('with the reason of the engine, as an error of ours', async () => {
    await api.control.remove('web', {purge: false})
    await expect(run(['true'])).rejects.toMatchObject({code: 'NOT_FOUND'})
  })
})
