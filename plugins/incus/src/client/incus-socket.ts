import type {IncomingMessage} from 'node:http'
import type {Socket} from 'node:net'
import type {RawData, WebSocket} from 'ws'
import type {OpenSocket} from './connections.ts'

/** A websocket that gives its frames one by one, and takes no more from the network while its listener is busy. */
export function wrapSocket(socket: WebSocket): OpenSocket {
  const closed = Promise.withResolvers<void>()
  let taking: Promise<unknown> = Promise.resolve()
  let pending = 0
  let isHeard = false
  // Frames that come together with the handshake would find nobody who listens.
  socket.once('open', () => {
    if (!isHeard) socket.pause()
  })
  let connection: Socket | undefined
  socket.once('upgrade', (answer: IncomingMessage) => {
    connection = answer.socket
  })
  socket.on('error', () => undefined)
  socket.once('close', () => void taking.finally(closed.resolve))

  return {
    closed: closed.promise,
    onFrame(listener) {
      socket.on('message', (data: RawData, isBinary: boolean) => {
        pending++
        socket.pause()
        taking = taking
          .then(() => listener(bufferOf(data), isBinary))
          .catch(() => socket.terminate())
          .then(() => {
            pending--
            if (pending === 0) socket.resume()
          })
      })
      isHeard = true
      socket.resume()
    },
    send: (data) =>
      new Promise((resolve, reject) => {
        socket.send(data, {binary: typeof data !== 'string'}, (error) => (error ? reject(error) : resolve()))
      }),
    hold: (isHeld) => void (isHeld ? connection?.ref() : connection?.unref()),
    close: () => socket.close(),
  }
}

const bufferOf = (data: RawData): Buffer =>
  Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data)
