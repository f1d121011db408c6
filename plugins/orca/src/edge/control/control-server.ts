import {createServer, type Socket} from 'node:net'
import {writeJsonLine} from '../../json-lines.ts'
import {listenPrivately} from '../../private-socket.ts'
import type {DataPlane} from '../proxy/data-plane.ts'
import {onJsonLines} from './lines.ts'
import {parseTable} from './table-schema.ts'
import {type EdgeEvent, type EdgeRequest, edgeRequest} from './wire.ts'

export interface ControlServer {
  /** Tells every client that a target failed. */
  reportFailure(address: string): void
  /** Frees the socket path; open connections stay. */
  stopListening(): void
  /** Ends the open connections. */
  disconnect(): void
}

export interface ControlOptions {
  readonly path: string
  readonly version: string
  readonly plane: DataPlane
  readonly shutdown: (drainMs: number) => Promise<void>
}

/** Listens on the control socket (0600, whatever the umask). The path must be free. */
export async function listenForControl(options: ControlOptions): Promise<ControlServer> {
  const clients = new Set<Socket>()
  const tellAll = (event: EdgeEvent) => {
    for (const client of clients) writeJsonLine(client, event)
  }
  const server = createServer((socket) => {
    clients.add(socket)
    socket.on('close', () => clients.delete(socket))
    socket.on('error', () => socket.destroy())
    onJsonLines(socket, (value) => void reply(socket, value, {...options, tellAll}))
  })
  const stopListening = await listenPrivately(server, options.path)
  return {
    reportFailure: (address) => tellAll({event: 'target-failure', address}),
    stopListening,
    disconnect: () => {
      for (const client of clients) client.end()
    },
  }
}

interface Answering extends ControlOptions {
  readonly tellAll: (event: EdgeEvent) => void
}

async function reply(socket: Socket, value: unknown, options: Answering): Promise<void> {
  const request = edgeRequest.safeParse(value)
  if (!request.success) {
    socket.destroy()
    return
  }
  const {id} = request.data
  try {
    writeJsonLine(socket, {id, result: (await answer(request.data, options)) ?? null})
  } catch (error) {
    writeJsonLine(socket, {id, error: error instanceof Error ? error.message : String(error)})
  }
}

async function answer(request: EdgeRequest, {plane, version, shutdown, tellAll}: Answering): Promise<unknown> {
  switch (request.method) {
    case 'apply':
      return plane.apply(parseTable(request.table))
    case 'drained':
      return plane.drained(request.address, request.timeoutMs)
    case 'stats':
      return plane.stats()
    case 'health':
      return {pid: process.pid, uptimeMs: Math.round(performance.now()), version}
    case 'shutdown':
      tellAll({event: 'shutdown'})
      return shutdown(request.drainMs)
    default:
      return request satisfies never
  }
}
