import {OmniError} from '@omni-cli/sdk'
import {serviceTarget} from '../apps/target.ts'

export interface WantedPort {
  /** 0: a free one. */
  readonly local: number
  /** Undefined: the one that answers requests. */
  readonly remote: number | undefined
}

const PORT = /^(?:(\d*):)?(\d+)$/

/**
 * `web`, `web 8080`, `service web 9000:8080 :9090` → name and ports. `8080` is the same port on both sides, `:8080` a free one
 * here. USAGE for a port that is none, one that is named twice here, and without a name.
 */
export function parseForward(words: readonly string[]): {
  readonly name: string
  readonly ports: readonly WantedPort[]
} {
  const first = words.findIndex((word) => /^\d|^:/.test(word))
  const count = first === -1 ? words.length : first
  const name = serviceTarget(words.slice(0, count))
  const ports = words.slice(count).map(parsePort)
  const locals = ports.map(({local}) => local).filter((local) => local !== 0)
  const twice = locals.find((local, index) => locals.indexOf(local) !== index)
  if (twice !== undefined) throw new OmniError('USAGE', `the port ${twice} of this machine is named twice`)
  return {name, ports: ports.length === 0 ? [{local: 0, remote: undefined}] : ports}
}

function parsePort(word: string): WantedPort {
  const [, local, remote] = PORT.exec(word) ?? []
  const wanted = {local: Number(local ?? remote), remote: Number(remote)}
  const isPort = remote !== undefined && wanted.remote > 0 && wanted.remote <= 65_535 && wanted.local <= 65_535
  if (isPort) return wanted
  throw new OmniError('USAGE', `'${word}' is no port like 8080, 9000:8080 or :8080`, {
    hint: 'omni port-forward service web 9000:8080',
  })
}
