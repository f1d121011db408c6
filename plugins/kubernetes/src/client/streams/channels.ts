import type {Duplex} from 'node:stream'
import type {RawData, WebSocket} from 'ws'
import {openSpdy, type SpdyStream} from './spdy.ts'

/** The streams of one program, over one connection. */
export interface Channels {
  send(channel: 'stdin' | 'resize', data: Buffer): Promise<void>
  endInput(): Promise<void>
  /** Resolves when the connection has ended and all that came has been taken; rejects with what the listener threw. */
  readonly closed: Promise<void>
  close(): void
}

/** May return a promise: no more is read until it has resolved. */
export type ChannelListener = (channel: 'stdout' | 'stderr' | 'error', chunk: Buffer) => unknown

/** First byte of a frame. */
const NUMBERS = {stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4} as const
const NAMES = ['stdin', 'stdout', 'stderr', 'error', 'resize'] as const
/** `v5.channel.k8s.io`: the channel of the second byte has ended. */
const CLOSE = 255

/** Larger pieces are sent as several frames: servers limit what they take at once. */
const PIECE = 256 * 1024
/** Proxies cut connections that are silent for a minute; and a dead one is seen by its silence. */
const PING_MS = 20_000
const CLOSE_MS = 1_000

/** A websocket that is not yet listened to. */
export function socketChannels(socket: WebSocket, listen: ChannelListener): Channels {
  const send = (number: number, data: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      const frame = Buffer.concat([Buffer.from([number]), data])
      socket.send(frame, (error) => (error === undefined || error === null ? resolve() : reject(error)))
    })
  const closed = receive(socket, async (frame) => {
    const name = NAMES[frame[0] ?? CLOSE]
    const isOutput = name === 'stdout' || name === 'stderr' || name === 'error'
    if (isOutput && frame.length > 1) await listen(name, frame.subarray(1))
  })
  return {
    async send(channel, data) {
      for (let at = 0; at < data.length; at += PIECE) await send(NUMBERS[channel], data.subarray(at, at + PIECE))
    },
    endInput: () => send(CLOSE, Buffer.from([NUMBERS.stdin])),
    closed,
    close() {
      socket.close()
      // A server that does not answer must not keep us.
      setTimeout(() => socket.terminate(), CLOSE_MS).unref()
    },
  }
}

/** Gives frames one by one, and takes no more from the network while the listener is busy. */
export function receive(socket: WebSocket, listen: (frame: Buffer) => Promise<void>): Promise<void> {
  const {promise, resolve, reject} = Promise.withResolvers<void>()
  let taking: Promise<void> = Promise.resolve()
  let pending = 0
  let isSilent = false
  const heard = () => {
    isSilent = false
  }
  const ping = setInterval(() => {
    if (isSilent && pending === 0) return socket.terminate()
    isSilent = true
    socket.ping(undefined, undefined, () => undefined)
  }, PING_MS)
  ping.unref()
  socket.on('pong', heard)
  socket.on('message', (data: RawData) => {
    heard()
    pending++
    socket.pause()
    taking = taking
      .then(() => listen(bufferOf(data)))
      .catch((error: unknown) => {
        reject(error)
        socket.terminate()
      })
      .then(() => {
        pending--
        if (pending === 0) socket.resume()
      })
  })
  socket.once('close', () => {
    clearInterval(ping)
    void taking.then(resolve)
  })
  promise.catch(() => undefined)
  socket.resume()
  return promise
}

const bufferOf = (data: RawData): Buffer =>
  Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data)

/** A connection of SPDY, whose streams are opened in the order that servers wait for. */
export async function spdyChannels(
  socket: Duplex,
  {hasInput, hasTerminal}: {readonly hasInput: boolean; readonly hasTerminal: boolean},
  listen: ChannelListener,
): Promise<Channels> {
  const connection = openSpdy(socket)
  const open = (streamtype: keyof typeof NUMBERS): Promise<SpdyStream> =>
    connection.open(
      {streamtype},
      streamtype === 'stdin' || streamtype === 'resize' ? {} : {onData: (chunk) => listen(streamtype, chunk)},
    )
  await open('error')
  const stdin = hasInput ? await open('stdin') : undefined
  await open('stdout')
  if (!hasTerminal) await open('stderr')
  const resize = hasTerminal ? await open('resize') : undefined
  return {
    send: async (channel, data) => (channel === 'stdin' ? stdin : resize)?.send(data),
    endInput: async () => stdin?.end(),
    closed: connection.closed,
    close: connection.close,
  }
}
