import {readFileSync} from 'node:fs'
import {createServer} from 'node:net'

const LOWEST = 20_000
const ATTEMPTS = 200

/**
 * Gives out TCP ports that nobody listens on, never one that is in `taken`. Outside the range from which the system
 * takes ports for outgoing connections, else such a connection could get it before the service does.
 */
export class PortPicker {
  readonly #taken: () => ReadonlySet<number>
  readonly #span = LOWEST + 1000 < lowestEphemeral() ? lowestEphemeral() - LOWEST : 65_536 - LOWEST
  /** Starts anywhere, then goes on: a port that was just given back rests. */
  #next = Math.floor(Math.random() * this.#span)

  constructor(taken: () => ReadonlySet<number>) {
    this.#taken = taken
  }

  async pick(): Promise<number> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const port = LOWEST + this.#next
      this.#next = (this.#next + 1) % this.#span
      if (!this.#taken().has(port) && (await isFree(port))) return port
    }
    throw new Error(`no free port found in ${ATTEMPTS} attempts`)
  }
}

function lowestEphemeral(): number {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/)[0])
  } catch {
    // The first port of the IANA range, which macOS uses.
    return 49_152
  }
}

/** The service may bind to all addresses, so nobody may have the port on any. */
const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({port, host: '0.0.0.0', exclusive: true}, () => server.close(() => resolve(true)))
  })
