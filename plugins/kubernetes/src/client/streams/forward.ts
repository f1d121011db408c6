import type {AddressInfo, Server, Socket} from 'node:net'
import {type CallOptions, messageOf, OmniError, reasonOf, throwIfAborted} from '@omni-cli/sdk'
import type {PodName, PortForward} from '../kube-client.ts'
import type {Line} from '../send.ts'
import {receive} from './channels.ts'
import {openSocket, openUpgrade} from './connect.ts'
import {podPath} from './pod-path.ts'
import {refusalError} from './refusal.ts'
import {openSpdy} from './spdy.ts'

export interface ForwardPorts {
  readonly local: number
  readonly remote: number
  readonly host?: string | undefined
}

const LOOPBACK = '127.0.0.1'

/**
 * Listens on this machine; each connection has one of its own to a port of the pod, so that a slow one holds up no other.
 * @param pod asked for each connection when it is a function
 */
export async function openForward(
  line: Line,
  pod: PodName | (() => Promise<PodName>),
  {ports, ...options}: CallOptions & {readonly ports: ForwardPorts},
): Promise<PortForward> {
  const {signal, onProgress} = options
  throwIfAborted(signal)
  const over = new AbortController()
  const open = new Set<Socket>()
  const {createServer} = await import('node:net')
  const server = createServer({allowHalfOpen: true, pauseOnConnect: true, noDelay: true}, (local) => {
    open.add(local)
    local.on('error', () => undefined)
    local.once('close', () => open.delete(local))
    connect(line, {local, pod, port: ports.remote, signal: over.signal}).catch((error: unknown) => {
      local.destroy()
      if (!over.signal.aborted) onProgress?.(messageOf(error))
    })
  })
  const host = ports.host ?? LOOPBACK
  await listen(server, {host, port: ports.local})
  const close = async () => {
    over.abort()
    for (const local of open) local.destroy()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  signal?.addEventListener('abort', () => void close(), {once: true})
  if (signal?.aborted) await close()
  throwIfAborted(signal)
  const {address, port} = addressOf(server)
  return {
    address: address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
    [Symbol.asyncDispose]: close,
  }
}

async function listen(server: Server, at: {readonly host: string; readonly port: number}): Promise<void> {
  const {promise, resolve, reject} = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(at, resolve)
  try {
    await promise
  } catch (error) {
    const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
    throw new OmniError(
      'CONFLICT',
      `cannot listen on ${at.host}:${at.port}: ${isTaken ? 'the port is in use' : reasonOf(error)}`,
      {
        hint: 'leave out the local port, and a free one is taken',
        cause: error,
      },
    )
  }
}

function addressOf(server: Server): AddressInfo {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port')
  return address
}

interface Joint {
  readonly local: Socket
  readonly pod: PodName | (() => Promise<PodName>)
  readonly port: number
  readonly signal: AbortSignal
}

/** Joins one connection with the port; resolves when it is over. */
async function connect(line: Line, joint: Joint): Promise<void> {
  const {pod, port, signal} = joint
  const {namespace, name} = typeof pod === 'function' ? await pod() : pod
  const where = `port ${port} of the pod '${name}'`
  const path = podPath({namespace, name}, 'portforward')
  const upgrade = await openUpgrade(line, {path, protocols: ['portforward.k8s.io'], signal})
  if (upgrade.stream !== undefined) return joinSpdy({...joint, where}, upgrade.stream)
  if (upgrade.refusal.status < 500 && upgrade.refusal.status !== 400) {
    throw refusalError(upgrade.refusal, path)
  }
  const socket = await openSocket(line, {path: `${path}?ports=${port}`, protocols: ['v4.channel.k8s.io'], signal})
  if (socket.stream === undefined) throw refusalError(socket.refusal, path)
  await joinSocket({...joint, where}, socket.stream)
}

interface Join {
  readonly local: Socket
  readonly port: number
  readonly where: string
}

async function joinSpdy({local, port, where}: Join, socket: Parameters<typeof openSpdy>[0]): Promise<void> {
  const connection = openSpdy(socket)
  const errors: Buffer[] = []
  const headers = {port: String(port), requestid: '0'}
  const failure = await connection.open(
    {streamtype: 'error', ...headers},
    {onData: (chunk) => void errors.push(chunk), onEnd: () => errors.length > 0 && connection.close()},
  )
  await failure.end()
  const stream = await connection.open(
    {streamtype: 'data', ...headers},
    {onData: (chunk) => write(local, chunk), onEnd: () => local.end()},
  )
  local.on('data', (chunk) => {
    local.pause()
    stream.send(chunk).then(
      () => local.resume(),
      () => local.destroy(),
    )
  })
  local.once('end', () => void stream.end().catch(() => undefined))
  local.once('close', connection.close)
  // The client may have gone while the way to the pod was made.
  if (local.destroyed) connection.close()
  local.resume()
  await connection.closed
  throwTold(errors, where)
  local.end()
}

/** Over a websocket the end of what a client sends cannot be told: the pod hears of it when the client is gone. */
async function joinSocket({local, where}: Join, socket: Parameters<typeof receive>[0]): Promise<void> {
  const errors: Buffer[] = []
  const heads = new Set<number>()
  const closed = receive(socket, async (frame) => {
    const channel = frame[0] ?? 0
    // The first frame of each channel names the port.
    if (!heads.has(channel)) return void heads.add(channel)
    if (channel === 0) await write(local, frame.subarray(1))
    else errors.push(frame.subarray(1))
  })
  local.on('data', (chunk) => {
    local.pause()
    socket.send(Buffer.concat([Buffer.from([0]), chunk]), (error) => (error ? local.destroy() : local.resume()))
  })
  local.once('end', () => socket.close())
  local.once('close', () => socket.close())
  if (local.destroyed) socket.close()
  local.resume()
  await closed
  throwTold(errors, where)
  local.end()
}

function throwTold(errors: readonly Buffer[], where: string): void {
  const text = Buffer.concat(errors).toString('utf8').trim()
  if (/connection refused/.test(text)) throw new OmniError('UNAVAILABLE', `nothing listens on ${where}`)
  if (text !== '') throw new OmniError('UNAVAILABLE', `${where}: ${text}`)
}

/** Resolves when the client can take more; what is for one that is gone is dropped. */
const write = (local: Socket, chunk: Buffer): Promise<void> =>
  new Promise((resolve) => {
    if (!local.writable) return resolve()
    local.write(chunk, () => resolve())
  })
