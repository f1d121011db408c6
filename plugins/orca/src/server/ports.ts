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
}

/** Claims come one after the other, so that two deploys at once do not choose the same port. */
export function createPortBook(services: ServiceStore): PortBook {
  const reserved = new Set<number>()
  let turn: Promise<unknown> = Promise.resolve()

  const choose = async (name: string): Promise<number> => {
    const used = services.list().flatMap(({spec, port}) => [port, spec.host_port])
    const port = await choosePort(name, new Set([...reserved, ...used.filter((port) => port !== undefined)]))
    reserved.add(port)
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
      if (spec.host_port === undefined) return row?.port ?? inTurn(spec.name)
      const isOurs = row !== undefined && portOf(row.spec, row.port) === spec.host_port
      if (isOurs || (await isPortFree(spec.host_port))) return row?.port
      throw new OmniError('CONFLICT', `port ${spec.host_port} of this machine is in use by another program`, {
        hint: `free it, or choose another host_port for '${spec.name}'`,
      })
    },
    replace: inTurn,
  }
}

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
