import {createServer, type Server, type Socket} from 'node:net'
import type {Certificates} from './certificates.ts'
import {ClientConnection, type Site} from './client-connection.ts'
import type {Door} from './door.ts'
import {Handshakes} from './handshakes.ts'
import type {TrustedProxies} from './origin.ts'
import type {Resolve} from './routes.ts'
import type {EdgeTimeouts} from './timeouts.ts'

export interface HttpContext {
  readonly timeouts: EdgeTimeouts
  readonly nextRequestId: () => string
  /** As of the table in force; undefined = none are. */
  readonly trusted: () => TrustedProxies | undefined
}

/** HTTP on one address; with certificates only through TLS. */
export class HttpListener implements Door, Site {
  readonly resolve: Resolve
  isClosing = false
  readonly server: Server
  readonly isHttps: boolean
  readonly timeouts: EdgeTimeouts
  readonly nextRequestId: () => string
  readonly #trusted: () => TrustedProxies | undefined
  readonly #handshakes: Handshakes | undefined
  readonly #connections = new Set<ClientConnection>()

  constructor(resolve: Resolve, context: HttpContext, certificates?: Certificates) {
    this.resolve = resolve
    this.isHttps = certificates !== undefined
    this.timeouts = context.timeouts
    this.nextRequestId = context.nextRequestId
    this.#trusted = context.trusted
    const accept = (socket: Socket) => this.#accept(socket)
    const handshakes = certificates === undefined ? undefined : new Handshakes({...context, certificates}, accept)
    this.#handshakes = handshakes
    this.server = createServer(
      {allowHalfOpen: true, noDelay: true, keepAlive: true},
      handshakes === undefined ? accept : (socket) => handshakes.begin(socket),
    )
  }

  get trusted(): TrustedProxies | undefined {
    return this.#trusted()
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
    this.#handshakes?.destroy()
    for (const connection of this.#connections) connection.closeWhenIdle()
  }

  destroy(): void {
    for (const connection of this.#connections) connection.destroy()
  }

  sweep(now: number): void {
    this.#handshakes?.sweep(now)
    for (const connection of this.#connections) connection.sweep(now)
  }

  #accept(socket: Socket): void {
    const connection = new ClientConnection(socket, this)
    this.#connections.add(connection)
    // Its handshake ended after the door was closed.
    if (this.isClosing) connection.closeWhenIdle()
  }
}
