import {isIP} from 'node:net'

type Environment = Readonly<Record<string, string | undefined>>

/** `localhost`, `127.0.0.1`, `[::1]` in a URL. */
export const isLoopback = (url: string): boolean =>
  URL.canParse(url) && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(url).hostname)

/** The proxy on the way to a server: `HTTPS_PROXY` unless `NO_PROXY` names the host. A loopback host needs none. */
export function proxyOf(server: string, env: Environment): string | undefined {
  if (!URL.canParse(server) || isLoopback(server)) return undefined
  const url = new URL(server)
  const word = (name: string) => env[name.toLowerCase()] || env[name] || undefined
  const proxy = word(url.protocol === 'http:' ? 'HTTP_PROXY' : 'HTTPS_PROXY')
  if (proxy === undefined || isExcepted(url, word('NO_PROXY') ?? '')) return undefined
  return proxy.includes('://') ? proxy : `http://${proxy}`
}

/** Names with or without a leading dot mean the domain and what is below it; addresses and ranges are compared as such. */
function isExcepted(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase()
  const port = url.port === '' ? (url.protocol === 'http:' ? '80' : '443') : url.port
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => entry === '*' || matches(entry, host, port))
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry.includes('/')) return isInRange(entry, host)
  const [, name = entry, wantedPort] = /^\[?(.+?)\]?:(\d+)$/.exec(isIP(entry) === 6 ? '' : entry) ?? []
  if (wantedPort !== undefined && wantedPort !== port) return false
  const domain = name.replace(/^\*?\./, '')
  return host === domain || (isIP(host) === 0 && host.endsWith(`.${domain}`))
}

function isInRange(range: string, host: string): boolean {
  const [network = '', bits = ''] = range.split('/')
  const family = isIP(network)
  if (family === 0 || isIP(host) !== family || !/^\d+$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128))
    return false
  const type = family === 4 ? 'ipv4' : 'ipv6'
  const list = new (process.getBuiltinModule('node:net').BlockList)()
  list.addSubnet(network, Number(bits), type)
  return list.check(host, type)
}
