import {once} from 'node:events'
import {PassThrough, Readable} from 'node:stream'
import {setImmediate} from 'node:timers/promises'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import type {WebSocket} from 'ws'
import type {IncusSocket} from '../../src/client/client.ts'
import {operationWire} from '../../src/client/wire.ts'
import {createExec} from '../../src/provider/exec.ts'
import {attach} from '../../src/provider/exec-streams.ts'
import {parsePasswd} from '../../src/provider/exec-user.ts'
import {accept, FAILURE, type FakeDaemon, fail, operation, SUCCESS, startFakeDaemon, succeed} from './fake-daemon.ts'

let daemon: FakeDaemon
const streams = new Map<string, WebSocket>()
let state: ReturnType<typeof operation>
let waits: (() => void)[]

beforeEach(async () => {
  daemon = await startFakeDaemon()
  streams.clear()
  waits = []
  state = operation('op', {class: 'websocket', metadata: {fds: {0: 's0', 1: 's1', 2: 's2', control: 'sc'}}})
  daemon.on('POST /1.0/instances/web/exec', (_, response) => accept(response, state))
  daemon.on('GET /1.0/operations/op', (_, response) => succeed(response, state))
  daemon.on('GET /1.0/operations/op/wait', (_, response) => {
    const answer = () => succeed(response, state)
    if (state.status_code >= 200) answer()
    else waits.push(answer)
  })
})
afterEach(() => daemon.close())

/** Calls back when all four connections of the program are there. */
function onStart(program: () => void): void {
  daemon.onSocket('/1.0/operations/op/websocket', (socket, request) => {
    streams.set(new URL(request.url ?? '', 'http://x').searchParams.get('secret') ?? '', socket)
    if (streams.size === 4) void setImmediate().then(program)
  })
}

function end(more: Readonly<Record<string, unknown>>, eof = ['s1', 's2']): void {
  state = {...state, ...more}
  for (const name of eof) streams.get(name)?.send('')
  for (const wait of waits.splice(0)) wait()
}

const run = async (options = {}) => createExec(await daemon.open(), {graceMs: 50}).run('web', ['make'], options)

describe('a program whose end is not seen', () => {
  it('is a failure when its output is cut, whatever the operation tells', async () => {
    onStart(() => {
      streams.get('s1')?.send(Buffer.from('half of'))
      streams.get('s1')?.terminate()
      end({...SUCCESS, metadata: {return: 0}}, ['s2'])
    })

    await expect(run()).rejects.toMatchObject({code: 'UNAVAILABLE', hint: 'omni describe instance/web'})
  })

  it('is a failure when the server has forgotten it', async () => {
    onStart(() => end({}))
    daemon.on('GET /1.0/operations/op/wait', (_, response) => fail(response, 404, 'not found'))
    daemon.on('GET /1.0/operations/op', (_, response) => fail(response, 404, 'not found'))

    await expect(run()).rejects.toMatchObject({code: 'UNAVAILABLE'})
  })

  it('is a failure when it was never started', async () => {
    onStart(() => end({...FAILURE, err: 'Failed to retrieve PID of executing child process', metadata: {return: -1}}))

    await expect(run()).rejects.toMatchObject({message: 'Failed to retrieve PID of executing child process'})
  })

  it('is a failure when one connection is lost at once, and the others are closed', async () => {
    const closed = new Promise((resolve) => {
      daemon.onSocket('/1.0/operations/op/websocket', (socket, request) => {
        if (request.url?.includes('s2')) socket.terminate()
        else socket.once('close', resolve)
      })
    })

    await expect(run()).rejects.toMatchObject({code: 'UNAVAILABLE'})
    await closed
  })
})

describe('a program', () => {
  it('that Incus calls failed with 127 gives its status and a note', async () => {
    const notes: string[] = []
    onStart(() => end({...FAILURE, err: 'Command not found', metadata: {return: 127}}))

    expect(await run({onProgress: (note: string) => notes.push(note)})).toEqual({exitCode: 127})
    expect(notes).toEqual(['make: Command not found'])
  })

  it('is not fed more than the server takes, and stops reading when the program ends', async () => {
    const stdin = new PassThrough({highWaterMark: 1024})
    onStart(() => {
      streams.get('s0')?.once('message', () => end({...SUCCESS, metadata: {return: 0}}))
      stdin.write('first')
    })

    expect(await run({stdin})).toEqual({exitCode: 0})
    expect(stdin.listenerCount('data')).toBe(0)
    expect(stdin.isPaused()).toBe(true)
  })

  it('reads no more when it ends while input is under way', async () => {
    const sent = Promise.withResolvers<void>()
    const socket = async (): Promise<IncusSocket> => ({
      onFrame: () => undefined,
      send: () => sent.promise,
      closed: new Promise(() => undefined),
      close: () => undefined,
    })
    const program = operationWire.parse({...state, metadata: {fds: {0: 's0', 1: 's1', 2: 's2', control: 'sc'}}})
    const stdin = new PassThrough()
    const attached = await attach({socket}, program, {stdin})
    const paused = once(stdin, 'pause')
    stdin.write('first')
    await paused

    attached.close()
    sent.resolve()
    await setImmediate()

    expect(stdin.isPaused()).toBe(true)
  })

  it('an input that breaks ends it', async () => {
    const stdin = Readable.from(
      (function* () {
        yield Buffer.from('x')
        throw new Error('the disk is gone')
      })(),
    )
    onStart(() => undefined)

    await expect(run({stdin})).rejects.toMatchObject({code: 'IO', message: expect.stringMatching(/the disk is gone/)})
  })

  it('that cannot be interrupted any more is told to run on', async () => {
    const controller = new AbortController()
    const signals: string[] = []
    onStart(() => streams.get('sc')?.on('message', (data) => signals.push(String(data))))
    daemon.on('GET /1.0/operations/op/wait', () => controller.abort())

    await expect(run({signal: controller.signal})).rejects.toMatchObject({
      code: 'ABORTED',
      message: "interrupted; the program in 'web' may still run",
    })
    expect(signals).toEqual(['{"command":"signal","signal":15}'])
  })

  it('is not begun after an abort', async () => {
    await expect(run({signal: AbortSignal.abort()})).rejects.toMatchObject({code: 'ABORTED'})
    expect(daemon.requests).toEqual([])
  })
})

it('users are read from passwd, whatever else stands there', () => {
  const text = 'root:x:0:0:root:/root:/bin/sh\n# note\n\nweb:x:1000:1001::/home/web:\nbad:x:y:z\n+::::::\n'

  expect(parsePasswd(text)).toEqual([
    {name: 'root', uid: 0, gid: 0, home: '/root'},
    {name: 'web', uid: 1000, gid: 1001, home: '/home/web'},
  ])
})
