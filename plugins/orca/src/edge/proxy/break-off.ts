import type {Socket} from 'node:net'
import {TLSSocket} from 'node:tls'

/** Closes a connection so that the other side sees that something is missing: a reset, or TLS without its last word. */
export function breakOff(socket: Socket): void {
  if (socket instanceof TLSSocket) socket.destroy()
  else socket.resetAndDestroy()
}
