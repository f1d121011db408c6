import {createServer, type IncomingMessage} from 'node:http'
import type {AddressInfo} from 'node:net'
import type {Duplex} from 'node:stream'
import {type WebSocket, WebSocketServer} from 'ws'
import {openGate} from '../../src/client/gate.ts'
import {createStreams} from '../../src/client/streams/create-streams.ts'
import {openTransport} from '../../src/client/transport.ts'

export interface Upgrade {
  readonly request: IncomingMessage
  /** Takes it as a websocket with the protocol. */
  accept(protocol: string): Promise<WebSocket>
  /** Answers with this instead. */
  refuse(status: number, message: string, head?: string): void
  readonly socket: Duplex
}

/** An API server that only knows upgrades, and streams to it. */
export async function startServer(onUpgrade: (upgrade: Upgrade) => unknown) {
  const server = createServer((_, answer) => void answer.writeHead(400).end())
  const sockets = new Set<Duplex>()
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => undefined)
    sockets.add(socket)
    onUpgrade({
      request,
      socket,
      accept: (protocol) =>
        new Promise((resolve) => {
          const upgrades = new WebSocketServer({noServer: true, handleProtocols: () => protocol})
          upgrades.handleUpgrade(request, socket, head, resolve)
        }),
      refuse(status, message, more = '') {
        const body = JSON.stringify({kind: 'Status', status: 'Failure', message})
        socket.end(
          `HTTP/1.1 ${status} X\r\n${more}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
        )
      },
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const address: AddressInfo = server.address() as AddressInfo
  const asked: boolean[] = []
  const transport = openTransport(
    {
      server: `http://127.0.0.1:${address.port}`,
      async credentials({fresh}) {
        asked.push(fresh)
        return {headers: {authorization: fresh ? 'Bearer new' : 'Bearer old'}}
      },
    },
    {debug: () => undefined, isSilent: true},
  )
  return {
    streams: createStreams({transport, gate: openGate()}),
    /** Whether each question for credentials was for new ones. */
    asked,
    async [Symbol.asyncDispose]() {
      transport.close()
      for (const socket of sockets) socket.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export const pod = {namespace: 'ml', name: 'llama-0'}
export const frame = (channel: number, text: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from([channel]), Buffer.from(text)])
export const success = JSON.stringify({metadata: {}, status: 'Success'})
export const exited = (code: number): string =>
  JSON.stringify({
    status: 'Failure',
    reason: 'NonZeroExitCode',
    details: {causes: [{reason: 'ExitCode', message: String(code)}]},
  })
