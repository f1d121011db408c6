import {once} from 'node:events'
import {createServer as createHttpServer, type Server as HttpServer, type RequestListener} from 'node:http'
import {type AddressInfo, createServer, type Server, type Socket} from 'node:net'
import {DataPlane, type DataPlaneOptions} from '../../../src/edge/proxy/data-plane.ts'
import type {EdgeListener, EdgeService, EdgeTable, EdgeTarget} from '../../../src/edge/table.ts'
import {RawClient} from './raw-client.ts'

/** Everything a test opened, closed again after it. */
export class Scope {
  readonly #cleanups: (() => Promise<unknown> | unknown)[] = []

  add(cleanup: () => Promise<unknown> | unknown): void {
    this.#cleanups.push(cleanup)
  }

  async close(): Promise<void> {
    for (const cleanup of this.#cleanups.splice(0).reverse()) await cleanup()
  }

  /** A backend of node:http; gives its address. */
  async httpBackend(listener: RequestListener, prepare?: (server: HttpServer) => void): Promise<string> {
    const server = createHttpServer(listener)
    prepare?.(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    this.add(() => {
      server.closeAllConnections()
      server.close()
    })
    return addressOf(server)
  }

  /** A backend that decides about every byte itself. */
  async rawBackend(onConnection: (socket: Socket) => void): Promise<string> {
    return addressOf(await this.rawServer(onConnection))
  }

  async rawServer(onConnection: (socket: Socket) => void): Promise<Server> {
    const sockets = new Set<Socket>()
    const server = createServer({allowHalfOpen: true}, (socket) => {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
      onConnection(socket)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    this.add(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    return server
  }

  /** An address where nobody listens. */
  async deadAddress(): Promise<string> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = addressOf(server)
    server.close()
    await once(server, 'close')
    return address
  }

  edge(options: DataPlaneOptions = {}): TestEdge {
    const edge = new TestEdge(this, new DataPlane(options))
    this.add(async () => {
      await edge.plane.close()
      await edge.plane.drain(0)
    })
    return edge
  }

  client(port: number): RawClient {
    const client = new RawClient(port)
    this.add(() => client.socket.destroy())
    return client
  }
}

/** A data plane in this process with its ports at hand. */
export class TestEdge {
  readonly plane: DataPlane
  readonly #scope: Scope
  #listeners: EdgeListener[] = []

  constructor(scope: Scope, plane: DataPlane) {
    this.plane = plane
    this.#scope = scope
  }

  apply(...services: EdgeService[]): Promise<EdgeListener[]> {
    return this.applyTable(table(...services))
  }

  async applyTable(whole: EdgeTable): Promise<EdgeListener[]> {
    this.#listeners = await this.plane.apply(whole)
    return this.#listeners
  }

  /** Port of the listener with TLS. */
  get securePort(): number {
    return this.#listeners.find(({isTls}) => isTls === true)?.port ?? 0
  }

  /** Port of a service, or the shared one. */
  port(service?: string): number {
    return this.#listeners.find((listener) => listener.service === service)?.port ?? 0
  }

  connect(service?: string): RawClient {
    return this.#scope.client(this.port(service))
  }

  /** Sends the bytes on a new connection and reads until the edge closes it. */
  async talk(bytes: string, service?: string): Promise<string> {
    const client = this.connect(service)
    client.write(bytes)
    return client.readToEnd()
  }
}

/** The table with the shared listener on a free port. */
export const table = (...services: EdgeService[]): EdgeTable => ({http: {bind: '127.0.0.1', port: 0}, services})

/** A service `web` on host `web.test` and on a port of its own. */
export const web = (targets: readonly (string | EdgeTarget)[], more: Partial<EdgeService> = {}): EdgeService => ({
  service: 'web',
  protocol: 'http',
  port: 0,
  hosts: ['web.test'],
  paths: [],
  ...more,
  targets: targets.map((target) => (typeof target === 'string' ? {address: target, weight: 1, version: 'v1'} : target)),
})

export const get = (path = '/', fields = ''): string => `GET ${path} HTTP/1.1\r\nHost: web.test\r\n${fields}\r\n`

/** The same, and the connection closes after it. */
export const lastGet = (path = '/', fields = ''): string => get(path, `Connection: close\r\n${fields}`)

export const ok = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`

export function addressOf(server: Server): string {
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}
