import {createServer, type Server} from 'node:net'
import {ClientConnection, type Site} from './client-connection.ts'
import type {Door} from './door.ts'
import type {Resolve} from './routes.ts'
import type {EdgeTimeouts} from './timeouts.ts'

export interface HttpContext {
  readonly timeouts: EdgeTimeouts
  readonly nextRequestId: () => string
}

/** HTTP on one address. */
export class HttpListener implements Door, Site {
  readonly resolve: Resolve
  isClosing = false
  readonly server: Server
  readonly timeouts: EdgeTimeouts
  readonly nextRequestId: () => string
  readonly #connections = new Set<ClientConnection>()

  constructor(resolve: Resolve, context: HttpContext) {
    this.resolve = resolve
    this.timeouts = context.timeouts
    this.nextRequestId = context.nextRequestId
    this.server = createServer({allowHalfOpen: true, noDelay: true, keepAlive: true}, (socket) => {
      this.#connections.add(new ClientConnection(socket, this))
    })
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  readonly onClosed = (connection: ClientConnection): void => {
    this.#connections.delete(connection)
  }

  close(): void {
    this.isClosing = true
    this.server.close()
    for (const connection of this.#connections) connection.closeWhenIdle()
  }

  destroy(): void {
    for (const connection of this.#connections) connection.destroy()
  }

  sweep(now: number): void {
    for (const connection of this.#connections) connection.sweep(now)
  }
}
