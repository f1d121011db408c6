import {type IncomingMessage, type RequestListener, ServerResponse} from 'node:http'
import {Socket} from 'node:net'
import type {Duplex} from 'node:stream'

/** The connection of a request that wants to become something else. */
export interface Upgrade {
  readonly socket: Duplex
  readonly head: Buffer
  /** From now on nothing else writes to the connection. */
  take(): void
}

const upgrades = new WeakMap<IncomingMessage, Upgrade>()

/** Only these are handed over by the HTTP server; for others the header means nothing. */
export const isUpgrade = (request: IncomingMessage): boolean => request.headers.upgrade?.toLowerCase() === 'websocket'

/** The connection, when the request asked for another protocol. */
export const upgradeOf = (request: IncomingMessage): Upgrade | undefined => upgrades.get(request)

/**
 * A request for another protocol goes the way of every request: rights, refusals and answers are the same. The route
 * takes the connection when all is well.
 */
export const createUpgrader =
  (handler: RequestListener) =>
  (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', () => socket.destroy())
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    if (!(socket instanceof Socket)) {
      socket.destroy()
      return
    }
    response.assignSocket(socket)
    const end = () => socket.end()
    response.once('finish', end)
    upgrades.set(request, {
      socket,
      head,
      take() {
        response.off('finish', end)
        response.detachSocket(socket)
      },
    })
    handler(request, response)
  }
