import {entriesOf, get, itemsOf, type Node, type Place, textAt, textOf, textsOf} from './node.ts'
import type {Notes} from './notes.ts'

interface Port {
  readonly target: number
  readonly published?: number | undefined
  readonly hostIp?: string | undefined
  readonly protocol: string
  readonly place: Place
}

export interface ServicePorts {
  readonly port?: number | undefined
  readonly protocol?: 'tcp' | undefined
  readonly host_port?: number | undefined
  readonly host_ip?: string | undefined
  readonly extra_ports?: string[] | undefined
}

/** Ports on which nobody speaks HTTP. */
const RAW_PORTS = new Set([
  21, 22, 25, 53, 389, 465, 587, 636, 993, 1433, 1521, 1883, 2181, 3306, 4222, 5432, 5672, 6379, 9042, 9092, 11_211,
  27_017,
])

const MOST_PORTS = 200

/** The first TCP port is that of the service, with what it is published as; the others are extra ports. */
export function portsOf(service: Node, notes: Notes): ServicePorts {
  const ports = itemsOf(get(service, 'ports')).flatMap((item) => readPort(item, notes))
  const exposed = itemsOf(get(service, 'expose')).flatMap((item) => readPort(item, notes))
  const main = ports.find(({protocol}) => protocol === 'tcp') ?? exposed.find(({protocol}) => protocol === 'tcp')
  const extra = ports.filter((port) => port !== main)
  for (const {place, published, target} of extra) {
    if (published === undefined) notes.add(place, `port ${target} gets a free port of the machine, on 127.0.0.1`)
  }
  const isRaw = main !== undefined && RAW_PORTS.has(main.target)
  if (main !== undefined && isRaw) {
    notes.add(main.place, `port ${main.target} is taken for one that does not speak HTTP: protocol = "tcp"`)
  }
  return {
    port: main?.target,
    protocol: isRaw ? 'tcp' : undefined,
    host_port: main?.published,
    host_ip: main?.published === undefined ? undefined : main.hostIp,
    extra_ports: extra.length === 0 ? undefined : extra.map(extraPort),
  }
}

function extraPort({target, published, hostIp = '0.0.0.0', protocol}: Port): string {
  const suffix = protocol === 'tcp' ? '' : `/${protocol}`
  const address = hostIp.includes(':') ? `[${hostIp}]` : hostIp
  // Compose opens ports to everybody unless it is told otherwise; omni does not.
  return published === undefined ? `${target}${suffix}` : `${address}:${published}:${target}${suffix}`
}

const SHORT = /^(?:(?:(\[[0-9a-fA-F:.]+\]|[0-9.]+|localhost):)?(\d+(?:-\d+)?)?:)?(\d+(?:-\d+)?)(?:\/([a-z]+))?$/

function readPort(item: Node, notes: Notes): Port[] {
  const {place} = item
  const refuse = (why: string): Port[] => {
    notes.add(place, `port '${textOf(item) ?? textAt(item, 'target') ?? ''}' is left out: ${why}`)
    return []
  }
  const [, address, published, target, protocol = 'tcp'] =
    item.kind === 'map' ? longForm(item) : (SHORT.exec(textOf(item) ?? '') ?? [])
  if (target === undefined) return refuse('it is not understood')
  if (!['tcp', 'udp', 'sctp'].includes(protocol)) return refuse(`the protocol '${protocol}' is not known`)
  const targets = range(target)
  const hosts = published === undefined ? [] : range(published)
  if (targets.length === 0 || targets.length > MOST_PORTS) return refuse(`a range has at most ${MOST_PORTS} ports`)
  // `8000-8010:80` means any free one of them.
  if (hosts.length > 1 && targets.length === 1) notes.add(place, `of the ports ${published} only ${hosts[0]} is used`)
  else if (hosts.length > 0 && hosts.length !== targets.length) return refuse('the two ranges have different lengths')
  const hostIp = address === 'localhost' ? '127.0.0.1' : address?.replace(/^\[|\]$/g, '')
  return targets.map((port, index) => ({target: port, published: hosts[index], hostIp, protocol, place}))
}

const longForm = (item: Node): (string | undefined)[] => [
  '',
  textAt(item, 'host_ip'),
  textAt(item, 'published') || undefined,
  textAt(item, 'target'),
  textAt(item, 'protocol'),
]

/** `8000-8002` → its ports; empty when it is none. */
function range(text: string): number[] {
  const [from, to = from] = text.split('-').map(Number)
  if (from === undefined || to === undefined || !(from >= 1 && from <= to && to <= 65_535)) return []
  return Array.from({length: Math.min(to - from + 1, MOST_PORTS + 1)}, (_, index) => from + index)
}

/** Host names that rules of a proxy in front (Traefik, nginx-proxy) name for the service. */
export function hostRules(pairs: readonly {readonly key: string; readonly value: string | undefined}[]): string[] {
  return pairs.flatMap(({key, value = ''}) => {
    if (/^traefik\.http\.routers\..*\.rule$/.test(key)) {
      return [...value.matchAll(/Host\(([^)]*)\)/g)].flatMap(([, names = '']) => names.match(/[\w*.-]+/g) ?? [])
    }
    return key === 'VIRTUAL_HOST' ? value.split(',').map((name) => name.trim()) : []
  })
}

/** Names that its networks know it by. */
export const networkAliases = (service: Node): string[] =>
  entriesOf(get(service, 'networks')).flatMap(([, {value}]) => textsOf(get(value, 'aliases')))
