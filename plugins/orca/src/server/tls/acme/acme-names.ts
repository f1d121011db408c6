import {isIP} from 'node:net'
import {domainToASCII} from 'node:url'

const PUBLIC_SERVERS = /(?:^|\.)letsencrypt\.org$/

/** Names that no public authority signs. */
const PRIVATE_ENDS: ReadonlySet<string> = new Set([
  'alt',
  'arpa',
  'corp',
  'example',
  'home',
  'internal',
  'invalid',
  'lan',
  'local',
  'onion',
  'test',
])

/** Why no certificate is ordered for the host name; undefined when one can be. */
export function whyNotOrdered(host: string, directory: string): string | undefined {
  if (host.startsWith('*.')) return 'a wildcard needs the dns-01 challenge, which is not supported: give tls_cert'
  if (isIP(host.replace(/^\[(.*)\]$/, '$1')) !== 0) return 'it is an address, not a name'
  if (host === 'localhost' || host.endsWith('.localhost')) return 'it means this machine alone'
  if (domainToASCII(host) !== host) return 'write it in its ASCII form (xn--…)'
  if (host.length > 253 || !host.split('.').every(isLabel)) return 'it is no host name'
  if (!PUBLIC_SERVERS.test(URL.parse(directory)?.hostname ?? '')) return undefined
  const end = host.slice(host.lastIndexOf('.') + 1)
  return end === host || PRIVATE_ENDS.has(end) ? 'no public authority knows names like this' : undefined
}

const isLabel = (label: string): boolean => /^(?!-)[a-z0-9-]{1,63}(?<!-)$/.test(label)
