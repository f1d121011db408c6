import {connect, createServer, type Server, type Socket} from 'node:net'

/** Passes bytes on to the API server, until it is told to die; `connect` speaks as an HTTP proxy does. */
export interface Relay extends AsyncDisposable {
  readonly port: number
  /** Hosts that were asked for with CONNECT. */
  readonly tunnels: string[]
  die(): Promise<void>
  rise(): Promise<void>
}

export async function startRelay(target: number): Promise<Relay> {
  const open = new Set<Socket>()
  const tunnels: string[] = []
  let port = 0
  let server: Server
  const tie = (from: Socket, head: Buffer | undefined) => {
    const to = connect(target, '127.0.0.1')
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      open.add(one)
      one.on('error', () => other.destroy())
      one.once('close', () => {
        open.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
    if (head !== undefined) to.write(head)
  }
  const start = async () => {
    server = createServer((socket) => {
      socket.once('data', (chunk) => {
        const host = /^CONNECT (\S+) /.exec(chunk.toString('latin1'))?.[1]
        if (host === undefined) return tie(socket, chunk)
        tunnels.push(host)
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        tie(socket, undefined)
      })
      socket.on('error', () => undefined)
    })
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    const address = server.address()
    port = typeof address === 'object' && address !== null ? address.port : 0
  }
  const die = async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of open) socket.destroy()
    await closed
  }
  await start()
  return {
    get port() {
      return port
    },
    tunnels,
    die,
    rise: start,
    async [Symbol.asyncDispose]() {
      if (server.listening) await die()
    },
  }
}
