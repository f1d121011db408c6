import {createServer, type IncomingMessage, type RequestListener, type ServerResponse} from 'node:http'
import type {AddressInfo, Socket} from 'node:net'

/** A request that came in. */
export interface KubeRequestSeen {
  readonly method: string
  /** With its query. */
  readonly url: string
  readonly userAgent: string
}

/** A server on loopback that keeps count of what comes in. */
export interface Door {
  readonly url: string
  readonly requests: readonly KubeRequestSeen[]
  mostAtOnce(): number
  cutAll(): void
  close(): Promise<void>
}

export async function openDoor(listener: RequestListener): Promise<Door> {
  const requests: KubeRequestSeen[] = []
  const sockets = new Set<Socket>()
  const load = {now: 0, most: 0}
  const server = createServer((request, response) => {
    const {method = '', url = '', headers} = request
    requests.push({method, url, userAgent: headers['user-agent'] ?? ''})
    countLoad(request, response, load)
    listener(request, response)
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const {port} = server.address() as AddressInfo
  const cutAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    mostAtOnce: () => load.most,
    cutAll,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      cutAll()
      await closed
    },
  }
}

function countLoad({url = ''}: IncomingMessage, response: ServerResponse, load: {now: number; most: number}): void {
  if (/[?&](watch|follow)=/.test(url)) return
  load.now += 1
  load.most = Math.max(load.most, load.now)
  response.on('close', () => {
    load.now -= 1
  })
}
