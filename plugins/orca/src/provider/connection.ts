import type {CallOptions, DriverContext} from '@omni-cli/sdk'
import {createClient, type OmniClient} from '../client/client.ts'
import {hasStore, localTarget} from '../client/local-files.ts'

/** The way to a server, which for the local engine need not run. */
export interface Connection {
  /** The client of a server that answers; undefined when the local engine does not run. */
  running(): Promise<OmniClient | undefined>
  /** The same, but the local engine is started when it does not run. */
  started(options?: CallOptions): Promise<OmniClient>
  /** True when nothing can be there, because the local engine has never kept anything. */
  isEmpty(): boolean
}

/** A server at a fixed address. */
export const remoteConnection = (client: OmniClient): Connection => ({
  running: async () => client,
  started: async () => client,
  isEmpty: () => false,
})

/** The engine of this user: found by its socket, started on demand. */
export function localConnection({home, http, notice}: DriverContext): Connection {
  let client: OmniClient | undefined
  let looking: Promise<OmniClient | undefined> | undefined
  const open = async () => {
    client ??= createClient(http, localTarget(home))
    return client
  }
  const look = async () => {
    const {isListening} = await import('../client/local-server.ts')
    return (await isListening(home)) ? open() : undefined
  }
  return {
    /** Calls at the same time share one look at the socket. */
    async running() {
      if (client !== undefined) return client
      looking ??= look().finally(() => {
        looking = undefined
      })
      return looking
    },
    async started(options) {
      if (client !== undefined) return client
      const {startLocalServer} = await import('../client/local-server.ts')
      if (await startLocalServer({home, signal: options?.signal})) {
        notice('started the local engine (omni server status)')
      }
      return open()
    },
    isEmpty: () => !hasStore(home),
  }
}
