import {once} from 'node:events'
import {mkdtemp, rm} from 'node:fs/promises'
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {createHttp, type DriverContext, silentLogger} from '@omni-cli/sdk'
import {type WebSocket, WebSocketServer} from 'ws'
import type {IncusClient} from '../../src/client/client.ts'
import {openClient} from '../../src/client/open-client.ts'
import type {IncusSettings} from '../../src/config.ts'

type Route = (request: IncomingMessage, response: ServerResponse, body: string) => void
type SocketRoute = (socket: WebSocket, request: IncomingMessage) => void

/** What cannot be provoked on a real daemon: whatever a test wants to be answered, over a Unix socket. */
export interface FakeDaemon {
  readonly path: string
  /** `GET /1.0/instances`, in the order of their coming. */
  readonly requests: string[]
  /** Answers to `METHOD /path`; what has none is 404. */
  on(place: string, route: Route): void
  /** Websockets at `/path`; the path of one that is refused has none. */
  onSocket(path: string, route: SocketRoute): void
  open(settings?: IncusSettings): Promise<IncusClient>
  close(): Promise<void>
}

export async function startFakeDaemon(): Promise<FakeDaemon> {
  const folder = await mkdtemp(join(tmpdir(), 'omni-fake-incus-'))
  const path = join(folder, 'unix.socket')
  const routes = new Map<string, Route>()
  const socketRoutes = new Map<string, SocketRoute>()
  const requests: string[] = []
  const clients: IncusClient[] = []
  const server = createServer(async (request, response) => {
    const place = placeOf(request)
    requests.push(place)
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const route = routes.get(place) ?? ((_request, answer) => fail(answer, 404, 'not found'))
    route(request, response, Buffer.concat(chunks).toString())
  })
  const sockets = new WebSocketServer({noServer: true})
  server.on('upgrade', (request, connection, head) => {
    requests.push(`SOCKET ${placeOf(request).slice('GET '.length)}`)
    const route = socketRoutes.get(placeOf(request).slice('GET '.length))
    if (route === undefined) return void connection.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n')
    sockets.handleUpgrade(request, connection, head, (socket) => route(socket, request))
  })
  server.listen(path)
  await once(server, 'listening')
  return {
    path,
    requests,
    on: (place, route) => routes.set(place, route),
    onSocket: (at, route) => socketRoutes.set(at, route),
    async open(settings = {}) {
      const context = {env: {INCUS_SOCKET: path}, http: createHttp({log: silentLogger, baseMs: 1})}
      const client = await openClient(context as unknown as DriverContext, settings)
      clients.push(client)
      return client
    },
    async close() {
      for (const client of clients) client.close()
      for (const socket of sockets.clients) socket.terminate()
      server.closeAllConnections()
      server.close()
      await rm(folder, {recursive: true, force: true})
    },
  }
}

const placeOf = ({method, url = ''}: IncomingMessage): string => `${method} ${url.replace(/\?.*$/, '')}`

export function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, {'content-type': 'application/json', etag: 'abc'}).end(JSON.stringify(body))
}

export const succeed = (response: ServerResponse, metadata: unknown): void =>
  send(response, 200, {
    type: 'sync',
    status: 'Success',
    status_code: 200,
    operation: '',
    error_code: 0,
    error: '',
    metadata,
  })

export const fail = (response: ServerResponse, code: number, error: string, status = code): void =>
  send(response, status, {
    type: 'error',
    status: '',
    status_code: 0,
    operation: '',
    error_code: code,
    error,
    metadata: null,
  })

/** An operation as the server tells it. */
export const operation = (id: string, more: Readonly<Record<string, unknown>> = {}) => ({
  id,
  class: 'task',
  description: 'Creating instance',
  status: 'Running',
  status_code: 103,
  resources: null,
  metadata: null,
  may_cancel: false,
  err: '',
  location: 'none',
  ...more,
})

export const accept = (response: ServerResponse, metadata: ReturnType<typeof operation>): void =>
  send(response, 202, {
    type: 'async',
    status: 'Operation created',
    status_code: 100,
    operation: `/1.0/operations/${metadata.id}`,
    error_code: 0,
    error: '',
    metadata,
  })

export const SUCCESS = {status: 'Success', status_code: 200}
export const FAILURE = {status: 'Failure', status_code: 400}
