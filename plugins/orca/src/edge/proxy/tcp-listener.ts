import {connect, createServer, type Server, type Socket} from 'node:net'
import type {Backend} from './backend.ts'
import type {Door} from './door.ts'
import {ignoreError} from './ignore-error.ts'
import {isOurLimit} from './our-limits.ts'
import {splice} from './splice.ts'
import type {EdgeTimeouts} from './timeouts.ts'
import type {Target, Upstream} from './upstream.ts'

/** Raw TCP: each connection goes to one target as a whole; the next target is tried while none was reached. */
export class TcpListener implements Door {
  readonly server: Server
  readonly #upstream: Upstream
  readonly #timeouts: EdgeTimeouts
  readonly #clients = new Set<Socket>()

  constructor(upstream: Upstream, timeouts: EdgeTimeouts) {
    this.#upstream = upstream
    this.#timeouts = timeouts
    const options = {allowHalfOpen: true, noDelay: true, keepAlive: true, pauseOnConnect: true}
    this.server = createServer(options, (client) => {
      this.#clients.add(client)
      client.on('close', () => this.#clients.delete(client))
      client.on('error', ignoreError)
      this.#join(client, new Set())
    })
  }

  get connectionCount(): number {
    return this.#clients.size
  }

  close(): void {
    this.server.close()
  }

  destroy(): void {
    for (const client of this.#clients) client.destroy()
  }

  sweep(): void {
    // Nobody but the two ends knows when a raw connection is over.
  }

  #join(client: Socket, tried: Set<Backend>): void {
    const startedAt = performance.now()
    const target = this.#upstream.pick(startedAt, tried)
    if (target === undefined || client.destroyed) {
      client.resetAndDestroy()
      return
    }
    const {backend, stats} = target
    begin(target, startedAt)
    const socket = connect({host: backend.host, port: backend.port, noDelay: true, allowHalfOpen: true})
    socket.setTimeout(this.#timeouts.connectMs, () => socket.destroy())
    let isOurFault = false
    const refused = () => {
      if (isOurFault) {
        end(target)
        client.resetAndDestroy()
        return
      }
      stats.observe(0, performance.now() - startedAt)
      backend.failed(performance.now(), true)
      end(target)
      tried.add(backend)
      this.#join(client, tried)
    }
    socket.on('error', (error) => {
      isOurFault = isOurLimit(error)
    })
    socket.once('close', refused)
    socket.once('connect', () => {
      socket.setTimeout(0)
      socket.off('close', refused)
      stats.observe(200, performance.now() - startedAt)
      backend.succeeded()
      if (client.destroyed) socket.destroy()
      splice(client, socket, () => end(target))
    })
  }
}

function begin({backend, stats}: Target, now: number): void {
  backend.begin(now)
  stats.inFlight++
}

function end({backend, stats}: Target): void {
  stats.inFlight--
  backend.end()
}
