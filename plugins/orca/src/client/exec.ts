import {aborted, type ExecOptions, type HttpTarget, OmniError, throwIfAborted} from '@omni-cli/sdk'
import type {WebSocket} from 'ws'
import {bufferOf, CLOSED, controlFrame, FRAME, frameOf, INPUT_BYTES, keepAlive, readControl} from '../exec-wire.ts'
import {failureOf, fromBody} from './failure.ts'
import {errorWire} from './wire.ts'

const HANDSHAKE_MS = 60_000

export interface ExecCall {
  readonly name: string
  readonly argv: readonly string[]
  readonly options: ExecOptions
}

/** Runs a program inside of a replica; resolves with its own exit status. Every failure is an OmniError. */
export async function runExec(target: HttpTarget, call: ExecCall): Promise<{readonly exitCode: number}> {
  const {signal} = call.options
  throwIfAborted(signal)
  const socket = await connect(target, execPath(call), signal)
  const ends: (() => void)[] = []
  try {
    const outcome = receive(socket, call.options)
    ends.push(keepAlive(socket), sendInput(socket, call.options), sendSizes(socket, call.options))
    return {exitCode: await outcome}
  } finally {
    for (const end of ends) end()
    socket.terminate()
  }
}

function execPath({name, argv, options: {replica, terminal}}: ExecCall): string {
  const query = new URLSearchParams(argv.map((word): [string, string] => ['arg', word]))
  if (replica !== undefined) query.set('replica', replica)
  if (terminal !== undefined) {
    query.set('tty', 'true')
    query.set('columns', String(terminal.size.columns))
    query.set('rows', String(terminal.size.rows))
  }
  return `/api/v1/services/${encodeURIComponent(name)}/exec?${query}`
}

async function connect(
  {url, token, tls}: HttpTarget,
  path: string,
  signal: AbortSignal | undefined,
): Promise<WebSocket> {
  const {WebSocket: Socket} = await import('ws')
  const address = url.startsWith('unix:')
    ? `ws+unix:${url.slice('unix:'.length)}:${path}`
    : `${url.replace(/^http/, 'ws').replace(/\/$/, '')}${path}`
  const socket = new Socket(address, {
    ...tls,
    handshakeTimeout: HANDSHAKE_MS,
    perMessageDeflate: false,
    headers: {
      accept: 'application/vnd.omni+json, application/json',
      ...(token === undefined ? {} : {authorization: `Bearer ${token}`}),
    },
  })
  const {promise, resolve, reject} = Promise.withResolvers<WebSocket>()
  const abort = () => reject(aborted(signal))
  signal?.addEventListener('abort', abort, {once: true})
  socket.once('open', () => {
    // What comes together with the handshake would find nobody who listens.
    socket.pause()
    resolve(socket)
  })
  socket.on('error', (error) => reject(unreachable(url, error)))
  socket.once('unexpected-response', async (_request, answer) => {
    const chunks: Buffer[] = []
    for await (const chunk of answer) chunks.push(chunk)
    reject(failureOf({status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8')}))
  })
  try {
    return await promise
  } catch (error) {
    socket.terminate()
    throw error
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

const unreachable = (url: string, error: Error): OmniError =>
  new OmniError('UNAVAILABLE', `the server at ${url} does not answer: ${error.message}`, {
    hint: 'omni server status',
    cause: error,
  })

/** The exit status. Output is taken as fast as the caller does. */
function receive(socket: WebSocket, {onStdout, onStderr, signal}: ExecOptions): Promise<number> {
  const {promise, resolve, reject} = Promise.withResolvers<number>()
  let taking: Promise<unknown> = Promise.resolve()
  let pending = 0
  const take = (work: () => unknown) => {
    pending++
    socket.pause()
    taking = taking.then(work).then(() => {
      pending--
      if (pending === 0) socket.resume()
    }, reject)
  }
  const abort = () => reject(aborted(signal))
  signal?.addEventListener('abort', abort, {once: true})
  socket.on('message', (data) => {
    const frame = bufferOf(data)
    const body = frame.subarray(1)
    if (frame[0] === FRAME.stdout) take(() => onStdout?.(body))
    else if (frame[0] === FRAME.stderr) take(() => onStderr?.(body))
    else if (frame[0] === FRAME.control) take(() => settle(body, {resolve, reject}))
  })
  socket.resume()
  socket.once('close', (code, reason) => void taking.then(() => reject(endedEarly(code, String(reason)))))
  return promise.finally(() => signal?.removeEventListener('abort', abort))
}

interface Settle {
  readonly resolve: (code: number) => void
  readonly reject: (error: Error) => void
}

function settle(body: Buffer, {resolve, reject}: Settle): void {
  const message = readControl(body)
  const failure = errorWire().safeParse(message)
  if (message?.type === 'exit' && typeof message.code === 'number') resolve(message.code)
  else if (message?.type === 'error' && failure.success) reject(fromBody(failure.data.error))
}

function endedEarly(code: number, reason: string): OmniError {
  if (code === CLOSED.revoked) return new OmniError('UNAUTHORIZED', reason)
  const why = reason === '' ? 'the connection to the server was lost' : reason
  return new OmniError('UNAVAILABLE', `${why} before the program had ended`, {hint: 'omni server status'})
}

/** No more is read than the server takes. Returns what ends it. */
function sendInput(socket: WebSocket, {stdin}: ExecOptions): () => void {
  const tell = () => socket.send(controlFrame({type: 'end'}), () => undefined)
  if (stdin === undefined) {
    tell()
    return () => undefined
  }
  const take = (data: Buffer | string) => {
    const chunk = typeof data === 'string' ? Buffer.from(data) : data
    stdin.pause()
    let left = Math.ceil(chunk.length / INPUT_BYTES)
    for (let at = 0; at < chunk.length; at += INPUT_BYTES) {
      socket.send(frameOf(FRAME.input, chunk.subarray(at, at + INPUT_BYTES)), () => {
        left--
        if (left === 0) stdin.resume()
      })
    }
  }
  stdin.on('data', take).once('end', tell)
  return () => {
    stdin.off('data', take).off('end', tell)
    stdin.pause()
  }
}

function sendSizes(socket: WebSocket, {terminal}: ExecOptions): () => void {
  if (terminal === undefined) return () => undefined
  return terminal.onResize((size) => socket.send(controlFrame({type: 'resize', ...size}), () => undefined))
}
