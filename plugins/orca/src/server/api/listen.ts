import {rm} from 'node:fs/promises'
import {createServer, type RequestListener, type Server} from 'node:http'
import {type AddressInfo, isIPv6} from 'node:net'
import {messageOf, OmniError} from '@omni-cli/sdk'
import type {ListenAddress} from '../../client/listen-address.ts'
import {listenPrivately} from '../../private-socket.ts'
import {createUpgrader, isUpgrade} from './upgrade.ts'

const PORTS_TO_TRY = 20
const SWEEP_MS = 20

/** Limits that keep a slow or greedy client from holding a connection for nothing. */
const LIMITS = {
  headersTimeout: 15_000,
  keepAliveTimeout: 65_000,
  // A body has deadlines of its own, per route.
  requestTimeout: 0,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 16 * 1024,
}

export interface Listeners {
  /** `http://127.0.0.1:6880`. */
  readonly url: string
  /** Takes no more connections, waits for requests under way at most `graceMs`, then cuts them. */
  close(graceMs: number): Promise<void>
}

export interface ListenOptions {
  readonly handler: RequestListener
  readonly address: ListenAddress
  readonly socketPath: string
  /** Called when the TCP address is known, before the socket accepts: what it does is there for the first caller. */
  readonly beforeReady: (url: string) => Promise<void>
}

/** Opens TCP first and the Unix socket last, so that a socket that accepts means all is there. CONFLICT for a taken port. */
export async function listen({handler, address, socketPath, beforeReady}: ListenOptions): Promise<Listeners> {
  const [tcp, local] = [open(handler), open(handler)]
  await listenTcp(tcp, address)
  try {
    const url = urlOf(tcp)
    await beforeReady(url)
    // Whoever left a socket behind is gone: the store is ours alone.
    await rm(socketPath, {force: true})
    const stopListening = await listenPrivately(local, socketPath)
    return {
      url,
      close: (graceMs) => {
        const closed = closeAll([tcp, local], graceMs)
        stopListening()
        return closed
      },
    }
  } catch (error) {
    tcp.close()
    throw error
  }
}

const open = (handler: RequestListener): Server =>
  createServer({...LIMITS, shouldUpgradeCallback: isUpgrade}, handler).on('upgrade', createUpgrader(handler))

async function listenTcp(server: Server, {host, port, isExplicit}: ListenAddress): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await bind(server, {host, port: port + attempt})
      return
    } catch (error) {
      const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
      if (!isTaken || isExplicit || attempt >= PORTS_TO_TRY) {
        throw new OmniError('CONFLICT', `cannot listen on ${host}:${port}: ${messageOf(error)}`, {
          hint: 'omni server start --listen 127.0.0.1:0',
          cause: error,
        })
      }
    }
  }
}

function bind(server: Server, where: {readonly host: string; readonly port: number}) {
  return new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(where, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function urlOf(server: Server): string {
  // A server that listens on TCP has an address of this kind.
  const {address, port} = server.address() as AddressInfo
  const host = address === '::' || address === '0.0.0.0' ? '127.0.0.1' : address
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`
}

async function closeAll(servers: readonly Server[], graceMs: number): Promise<void> {
  const closed = Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  // A connection that is kept alive becomes idle with the end of its request, not now.
  const sweep = setInterval(() => {
    for (const server of servers) server.closeIdleConnections()
  }, SWEEP_MS)
  const cut = setTimeout(() => {
    for (const server of servers) server.closeAllConnections()
  }, graceMs)
  await closed.finally(() => {
    clearInterval(sweep)
    clearTimeout(cut)
  })
}
