import type {ClientRequest, IncomingMessage} from 'node:http'
import type {Duplex} from 'node:stream'
import {aborted, type CallOptions, OmniError, reasonOf, throwIfAborted} from '@omni-cli/sdk'
import type {WebSocket} from 'ws'
import type {Gate} from '../gate.ts'
import {upgradePatiently} from '../send.ts'
import type {KubeConnection, Transport} from '../transport.ts'
import {type Refusal, readRefusal} from './refusal.ts'

const HANDSHAKE_MS = 30_000

/** What `openSocket` and `openUpgrade` end with: a stream, or what the server said instead. */
export type Opened<Stream> =
  | {readonly stream: Stream; readonly protocol: string; readonly refusal?: undefined}
  | {readonly stream?: undefined; readonly refusal: Refusal}

export interface OpenRequest extends CallOptions {
  /** With its query. */
  readonly path: string
  /** Offered, the preferred first. */
  readonly protocols: readonly string[]
}

/** A server, and how much may be under way to it. */
interface Connecting {
  readonly transport: Pick<Transport, 'connection'>
  readonly gate: Gate
}

/** A websocket, held until somebody listens. */
export function openSocket(line: Connecting, request: OpenRequest): Promise<Opened<WebSocket>> {
  return patient(line, request, async (connection) => {
    const {default: Socket} = await import('ws')
    const socket = new Socket(connection.url.replace(/^http/, 'ws') + request.path, [...request.protocols], {
      headers: {'user-agent': 'omni', ...connection.headers},
      agent: connection.agent,
      handshakeTimeout: HANDSHAKE_MS,
      perMessageDeflate: false,
    })
    const {promise, resolve, reject} = Promise.withResolvers<Opened<WebSocket>>()
    socket.once('open', () => {
      // Frames that come together with the handshake would find nobody who listens.
      socket.pause()
      resolve({stream: socket, protocol: socket.protocol})
    })
    socket.once('unexpected-response', (_, answer) => refused(answer).then(resolve, reject))
    socket.on('error', (error) => reject(lost(connection.url, error)))
    return within(promise, request.signal, () => socket.terminate())
  })
}

/** A connection that speaks SPDY/3.1 from now on. */
export function openUpgrade(line: Connecting, request: OpenRequest): Promise<Opened<Duplex>> {
  return patient(line, request, (connection) => {
    const {url, headers, agent} = connection
    const {request: start} = process.getBuiltinModule(url.startsWith('http:') ? 'node:http' : 'node:https')
    const outgoing: ClientRequest = start(url + request.path, {
      method: 'POST',
      agent,
      timeout: HANDSHAKE_MS,
      headers: {
        'user-agent': 'omni',
        connection: 'Upgrade',
        upgrade: 'SPDY/3.1',
        'x-stream-protocol-version': [...request.protocols],
        'content-length': 0,
        ...headers,
      },
    })
    const {promise, resolve, reject} = Promise.withResolvers<Opened<Duplex>>()
    outgoing.once('upgrade', (answer, stream, head) => {
      stream.setTimeout(0)
      if (head.length > 0) stream.unshift(head)
      resolve({stream, protocol: String(answer.headers['x-stream-protocol-version'] ?? '')})
    })
    outgoing.once('response', (answer) => refused(answer).then(resolve, reject))
    outgoing.once('timeout', () => outgoing.destroy(new Error('no answer within 30s')))
    outgoing.on('error', (error) => reject(lost(url, error)))
    outgoing.end()
    return within(promise, request.signal, () => outgoing.destroy())
  })
}

const refused = async (answer: IncomingMessage): Promise<Opened<never>> => ({refusal: await readRefusal(answer)})

const lost = (url: string, error: unknown): OmniError =>
  new OmniError('UNAVAILABLE', `the API server at ${url} does not answer: ${reasonOf(error)}`, {
    hint: 'omni cluster health',
    cause: error,
    retryable: true,
  })

/** Waits while the server is too busy; then as `authenticated`. */
const patient = <Stream>(
  {transport, gate}: Connecting,
  {signal}: CallOptions,
  open: (connection: KubeConnection) => Promise<Opened<Stream>>,
): Promise<Opened<Stream>> =>
  upgradePatiently(
    gate,
    async () => {
      const answer = await authenticated(transport, {signal}, open)
      return {answer, refused: answer.refusal}
    },
    {signal},
  )

/** Tries once more with new credentials when those that are known are refused, and when a kept connection was closed. */
async function authenticated<Stream>(
  transport: Pick<Transport, 'connection'>,
  {signal}: CallOptions,
  open: (connection: KubeConnection) => Promise<Opened<Stream>>,
): Promise<Opened<Stream>> {
  // Nothing has begun before the server has agreed to the upgrade.
  const openTwice = (connection: KubeConnection) =>
    open(connection).catch((error: unknown) => {
      if (!isStale(error)) throw error
      return open(connection)
    })
  const first = await openTwice(await transport.connection({signal}))
  if (first.refusal?.status !== 401) return first
  return openTwice(await transport.connection({signal, fresh: true}))
}

function isStale(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && 'code' in cause && (cause.code === 'ECONNRESET' || cause.code === 'EPIPE')
}

async function within<T>(promise: Promise<T>, signal: AbortSignal | undefined, cancel: () => void): Promise<T> {
  const abort = Promise.withResolvers<never>()
  const end = () => {
    cancel()
    abort.reject(aborted(signal))
  }
  promise.catch(() => undefined)
  signal?.addEventListener('abort', end, {once: true})
  try {
    if (signal?.aborted) cancel()
    throwIfAborted(signal)
    return await Promise.race([promise, abort.promise])
  } finally {
    signal?.removeEventListener('abort', end)
  }
}
