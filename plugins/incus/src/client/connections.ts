import type {Agent, ClientRequest, IncomingMessage} from 'node:http'
import type {Duplex} from 'node:stream'
import {agentFor, type CallOptions, type HttpTarget, throwIfAborted} from '@omni-cli/sdk'
import type {ClientOptions} from 'ws'
import {failureOfAnswer, readFailure} from './answer.ts'
import type {IncusSocket} from './client.ts'
import {wrapSocket} from './incus-socket.ts'
import {explainFailure, pathOf, type Transport} from './transport.ts'
import {orAborted} from './within.ts'

const HANDSHAKE_MS = 30_000
/** The server mostly ends a connection without answering our goodbye. */
const CLOSE_MS = 500

/** A websocket that may stay open without keeping the process alive. */
export interface OpenSocket extends IncusSocket {
  /** Whether the process goes on as long as it is open. Default true. */
  hold(isHeld: boolean): void
}

/** Connections that speak something else than HTTP after the handshake. */
export interface Connections {
  socket(path: string, query: Readonly<Record<string, string>>, options?: CallOptions): Promise<OpenSocket>
  upgrade(path: string, protocol: string, options?: CallOptions): Promise<Duplex>
  close(): void
}

export function openConnections(transport: Transport): Connections {
  const {address} = transport
  let agent: Agent | undefined
  const agentOf = (target: HttpTarget): Agent => {
    agent ??= agentFor(target)
    return agent
  }
  return {
    async socket(path, query, {signal} = {}) {
      throwIfAborted(signal)
      const [target, {WebSocket}] = await Promise.all([transport.target(), import('ws')])
      const {origin, socketPath} = placeOf(target)
      const options: ClientOptions & {readonly closeTimeout: number} = {
        perMessageDeflate: false,
        // Incus needs no answer to its pings. One that comes after its end would break the connection before all is read.
        autoPong: false,
        handshakeTimeout: HANDSHAKE_MS,
        closeTimeout: CLOSE_MS,
        ...(socketPath === undefined ? {agent: agentOf(target)} : {createConnection: connectTo(socketPath)}),
      }
      const url = `${origin.replace(/^http/, 'ws')}${pathOf({path, query}, address.project)}`
      const socket = new WebSocket(url, options)
      const wrapped = wrapSocket(socket)
      const opened = Promise.withResolvers<void>()
      socket.once('open', opened.resolve)
      socket.once('error', (error) => opened.reject(explainFailure(address, error)))
      socket.once('unexpected-response', (_request: ClientRequest, answer: IncomingMessage) =>
        refusedBy(answer).then(opened.reject),
      )
      await take(opened, signal, () => socket.terminate())
      return wrapped
    },
    async upgrade(path, protocol, {signal} = {}) {
      throwIfAborted(signal)
      const target = await transport.target()
      const {origin, socketPath} = placeOf(target)
      const {request} = process.getBuiltinModule(origin.startsWith('https:') ? 'node:https' : 'node:http')
      const outgoing = request(`${origin}${pathOf({path}, address.project)}`, {
        agent: agentOf(target),
        headers: {connection: 'Upgrade', upgrade: protocol},
        ...(socketPath === undefined ? {} : {socketPath}),
      })
      const opened = Promise.withResolvers<Duplex>()
      outgoing.once('upgrade', (_answer, connection: Duplex, head: Buffer) => {
        if (head.length > 0) connection.unshift(head)
        opened.resolve(connection)
      })
      outgoing.once('error', (error) => opened.reject(explainFailure(address, error)))
      outgoing.once('response', (answer) => refusedBy(answer).then(opened.reject))
      outgoing.end()
      return take(opened, signal, () => outgoing.destroy())
    },
    close: () => agent?.destroy(),
  }
}

function placeOf({url}: HttpTarget): {readonly origin: string; readonly socketPath?: string} {
  if (url.startsWith('unix:')) return {origin: 'http://localhost', socketPath: url.slice('unix:'.length)}
  return {origin: url.replace(/\/$/, '')}
}

const connectTo = (path: string) => () => process.getBuiltinModule('node:net').connect(path)

async function refusedBy(answer: IncomingMessage): Promise<Error> {
  const text = await readFailure(answer).catch(() => '')
  return failureOfAnswer(answer.statusCode ?? 0, text)
}

/** The connection, or what ended the attempt. */
async function take<T>(
  {promise}: PromiseWithResolvers<T>,
  signal: AbortSignal | undefined,
  destroy: () => void,
): Promise<T> {
  try {
    return await orAborted(signal, promise)
  } catch (error) {
    destroy()
    throw error
  }
}
