import {isOmniError, type Logger, messageOf, OmniError} from '@omni-cli/sdk'
import type {WebSocket} from 'ws'
import {
  bufferOf,
  CLOSED,
  controlFrame,
  FRAME,
  frameOf,
  keepAlive,
  readControl,
  type ServerMessage,
  terminalSize,
} from '../../exec-wire.ts'
import type {ExecSession} from '../../runtimes/runtime.ts'
import type {Connection} from './token-watch.ts'

export interface ServeExecOptions {
  /** Aborted when the server stops. */
  readonly closing: AbortSignal
  readonly log: Logger
}

/** Output that a program has left in its pipes is there at once; what comes later is of others that hold them open. */
const LAST_WORDS_MS = 500
/** For the client to read why the connection ends. */
const FAREWELL_MS = 2_000
const CHUNK_BYTES = 256 * 1024

/** Copies between the two until the program or the client ends; the other one ends with it. */
export function serveExec(socket: WebSocket, session: ExecSession, {closing, log}: ServeExecOptions): Connection {
  const end = (code: number, reason: string) => {
    socket.close(code, reason)
    setTimeout(() => socket.terminate(), FAREWELL_MS).unref()
  }
  const stop = () => end(CLOSED.stopping, 'the server stops')
  const stopPinging = keepAlive(socket)
  closing.addEventListener('abort', stop, {once: true})
  if (closing.aborted) stop()
  socket.on('error', (error) => log.debug('exec failed', {error: messageOf(error)}))
  socket.once('close', () => {
    stopPinging()
    closing.removeEventListener('abort', stop)
    session.close().catch((error: unknown) => log.debug('a program did not end', {error: messageOf(error)}))
  })
  takeInput(socket, session)
  void sendOutput(socket, session).then(
    () => end(1000, ''),
    () => end(1011, ''),
  )
  return {destroy: () => end(CLOSED.revoked, 'the token is not valid any more')}
}

/** No more is read from the client than the program takes. */
function takeInput(socket: WebSocket, session: ExecSession): void {
  let writing = Promise.resolve()
  let pending = 0
  const inOrder = (work: () => Promise<void> | void) => {
    pending++
    socket.pause()
    writing = writing
      .then(work)
      .catch(() => undefined)
      .then(() => {
        pending--
        if (pending === 0) socket.resume()
      })
  }
  socket.on('message', (data, isBinary) => {
    const frame = bufferOf(data)
    const body = frame.subarray(1)
    if (!isBinary || frame.length === 0) return socket.close(1003, 'binary frames only')
    if (frame[0] === FRAME.input) return inOrder(() => session.write(body))
    if (frame[0] !== FRAME.control) return socket.close(1008, 'unknown kind of frame')
    const message = readControl(body)
    if (message?.type === 'end') return inOrder(() => session.endInput())
    const size = message?.type === 'resize' ? terminalSize(message.columns, message.rows) : undefined
    if (size === undefined) return socket.close(1008, 'unknown message')
    // A program that does not read its input is told its size all the same.
    session.resize(size).catch(() => undefined)
  })
}

async function sendOutput(socket: WebSocket, session: ExecSession): Promise<void> {
  try {
    await copyOutput(socket, session)
    await send(socket, controlFrame({type: 'exit', code: await session.exitCode}))
  } catch (error) {
    const known = isOmniError(error) ? error : new OmniError('UNAVAILABLE', messageOf(error), {cause: error})
    const message: ServerMessage = {type: 'error', error: known.toJSON()}
    await send(socket, controlFrame(message)).catch(() => undefined)
  }
}

async function copyOutput(socket: WebSocket, session: ExecSession): Promise<void> {
  const silence = watchSilence(session)
  try {
    silence.begin()
    for await (const {stream, chunk} of session.output) {
      silence.end()
      for (let at = 0; at < chunk.length; at += CHUNK_BYTES) {
        await send(socket, frameOf(FRAME[stream], chunk.subarray(at, at + CHUNK_BYTES)))
      }
      silence.begin()
    }
  } finally {
    silence.end()
  }
}

/** Ends what holds the outputs of an ended program open, once nothing comes any more. */
function watchSilence(session: ExecSession) {
  let hasExited = false
  let isSilent = false
  let timer: NodeJS.Timeout | undefined
  const start = () => {
    if (hasExited && isSilent) timer ??= setTimeout(() => void session.close(), LAST_WORDS_MS)
  }
  session.exitCode.then(
    () => {
      hasExited = true
      start()
    },
    () => undefined,
  )
  return {
    begin() {
      isSilent = true
      start()
    },
    end() {
      isSilent = false
      clearTimeout(timer)
      timer = undefined
    },
  }
}

/** Resolves when it has left the process: a slow client slows the program. */
const send = (socket: WebSocket, frame: Buffer): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.send(frame, (error) => (error === undefined || error === null ? resolve() : reject(error)))
  })
