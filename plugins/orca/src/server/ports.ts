import {createServer} from 'node:net'
import {OmniError, type ServiceSpec} from '@omni-cli/sdk'
import {portOf} from './routes.ts'
import type {ServiceStore} from './store/services.ts'

/** Range of the ports that are chosen for services: below the ephemeral ports of all systems. */
const FIRST_PORT = 20_000
const PORT_COUNT = 10_000

export interface PortBook {
  /**
   * The port chosen for the service, which is kept for it; undefined when it needs none. CONFLICT when the spec fixes one
   * that another program has.
   */
  claim(spec: ServiceSpec): Promise<number | undefined>
  /** Another one, when somebody else took the port while the proxy was away. */
  replace(name: string): Promise<number>
  /** Gives back what was chosen for a service that is no more. */
  forget(name: string): void
}

/**
 * Claims come one after the other, so that two deploys at once do not choose the same port.
 * @param isLost whether the proxy could not open the port of the service
 */
export function createPortBook(services: ServiceStore, isLost: (name: string) => boolean): PortBook {
  const reserved = new Map<string, number>()
  let turn: Promise<unknown> = Promise.resolve()

  const choose = async (name: string): Promise<number> => {
    const reservedByOthers = [...reserved].filter(([owner]) => owner !== name).map(([, port]) => port)
    const used = services.list().flatMap(({spec, port}) => [port, spec.host_port])
    const taken = [...reservedByOthers, ...used].filter((port) => port !== undefined)
    const port = await choosePort(name, new Set(taken))
    reserved.set(name, port)
    return port
  }
  const inTurn = (name: string): Promise<number> => {
    const mine = turn.then(() => choose(name))
    turn = mine.catch(() => undefined)
    return mine
  }
  return {
    async claim(spec) {
      const row = services.get(spec.name)
      if (spec.port === undefined) return row?.port
      const isHeld = row !== undefined && !isLost(spec.name)
      if (spec.host_port === undefined) {
        const isChosen = row !== undefined && row.spec.host_port === undefined
        return row?.port === undefined || (isChosen && !isHeld) ? inTurn(spec.name) : row.port
      }
      const isOurs = isHeld && portOf(row.spec, row.port) === spec.host_port
      if (isOurs || (await isPortFree(spec.host_port))) return row?.port
      throw portTaken(spec.name, spec.host_port)
    },
    replace: inTurn,
    forget(name) {
      reserved.delete(name)
    },
  }
}

/** CONFLICT about a port that another program has. */
export const portTaken = (name: string, port: number): OmniError =>
  new OmniError('CONFLICT', `port ${port} of this machine is in use by another program`, {
    hint: `free it, or choose another host_port for '${name}'`,
  })

/** A free loopback port that is in nobody's name; the same name gets the same one if it can. */
async function choosePort(name: string, taken: ReadonlySet<number>): Promise<number> {
  const start = hash(name) % PORT_COUNT
  for (let step = 0; step < PORT_COUNT; step++) {
    const port = FIRST_PORT + ((start + step) % PORT_COUNT)
    if (!taken.has(port) && (await isPortFree(port))) return port
  }
  throw new OmniError('UNAVAILABLE', `no free port between ${FIRST_PORT} and ${FIRST_PORT + PORT_COUNT - 1}`)
}

/** Whether a server could listen there now. */
export function isPortFree(port: number, bind = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({port, host: bind, exclusive: true}, () => server.close(() => resolve(true)))
  })
}

/** Small and stable; no secret depends on it. */
function hash(text: string): number {
  let value = 0
  for (const char of text) value = (value * 31 + (char.codePointAt(0) ?? 0)) >>> 0
  return value
}
