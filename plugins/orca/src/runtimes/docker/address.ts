import {type Labels, OMNI} from './labels.ts'

export interface Whereabouts {
  readonly labels: Labels
  /** Addresses of containers can be reached from here. */
  readonly isDirect: boolean
  readonly networks: Readonly<Record<string, {readonly IPAddress?: string | null | undefined}>>
  readonly published: readonly {
    readonly IP?: string | undefined
    readonly PublicPort?: number | undefined
    readonly PrivatePort: number
    readonly Type: string
  }[]
}

/** Where a container is reached; undefined when it has no port, or no address (any more). */
export function addressOf({labels, isDirect, networks, published}: Whereabouts): string | undefined {
  // An Orca's container says its port by what it publishes.
  const ports = published.filter(({Type}) => Type === 'tcp')
  const port = Number(labels[OMNI.port] ?? labels['orca.port'] ?? ports[0]?.PrivatePort)
  if (!Number.isInteger(port)) return undefined
  if (isDirect) {
    const own = networks[labels[OMNI.network] ?? ''] ?? {}
    const others = Object.entries(networks).sort(([a], [b]) => rank(a) - rank(b))
    const ip = own.IPAddress || others.map(([, {IPAddress}]) => IPAddress).find((address) => address)
    return ip ? `${ip}:${port}` : undefined
  }
  const opened = ports.find(({PrivatePort, PublicPort}) => PrivatePort === port && PublicPort !== undefined)
  return opened === undefined ? undefined : `127.0.0.1:${opened.PublicPort}`
}

/** Networks of services first, Docker's own last. */
const rank = (network: string): number => (network === 'bridge' ? 2 : network.startsWith('orca-') ? 0 : 1)
