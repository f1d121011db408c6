/** A port of the container that is opened on the machine. */
export interface PublishedPort {
  readonly hostIp: string
  /** '' = a free one. */
  readonly hostPort: string
  readonly port: number
  readonly protocol: 'tcp' | 'udp' | 'sctp'
}

const PORT = /^(?:(?:(\[[0-9a-fA-F:.]+\]|[0-9.]+):)?(\d{0,5}):)?(\d{1,5})(?:\/(tcp|udp|sctp))?$/

/** `[address:][port of the machine:]port[/udp]`; a text says what is wrong. Without an address it is 127.0.0.1. */
export function parsePort(text: string): PublishedPort | string {
  const [, address, hostPort = '', inside, protocol = 'tcp'] = PORT.exec(text) ?? []
  const port = Number(inside)
  const isPort = (value: number) => value >= 1 && value <= 65_535
  const isKnown = protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp'
  if (inside === undefined || !isPort(port) || !isKnown || (hostPort !== '' && !isPort(Number(hostPort)))) {
    return `extra port '${text}' is written "2222:22", "127.0.0.1:2222:22" or "5353:53/udp"`
  }
  return {hostIp: address?.replace(/^\[|\]$/g, '') ?? '127.0.0.1', hostPort, port, protocol}
}
