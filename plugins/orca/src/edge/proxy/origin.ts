import {BlockList, isIP} from 'node:net'
import {fieldValues} from './pins.ts'

/** Where a request comes from, as far as it can be believed. */
export interface Origin {
  readonly isHttps: boolean
  /** Host that the client asked for, when a trusted proxy says so. */
  readonly host: string | undefined
  /** The lines that tell a backend about it. */
  readonly lines: string
}

/** Of a peer that speaks for itself; the same for all requests of a connection. */
export const originOf = (address: string, isHttps: boolean, host?: string): Origin => ({
  isHttps,
  host,
  lines: `X-Forwarded-For: ${address}\r\nX-Forwarded-Proto: ${isHttps ? 'https' : 'http'}\r\n`,
})

/** An IPv4 address that came through an IPv6 socket, as IPv4. */
export const plainAddress = (address: string): string => address.replace(/^::ffff:(?=[0-9.]+$)/i, '')

/** Proxies in front of this one whose word about the client is taken. */
export class TrustedProxies {
  readonly #list = new BlockList()

  /** Entries that are no address or network are left out: they trust nobody. */
  constructor(entries: readonly string[]) {
    for (const entry of entries) this.#add(entry)
  }

  has(address: string): boolean {
    const family = isIP(address)
    return family !== 0 && this.#list.check(address, family === 4 ? 'ipv4' : 'ipv6')
  }

  /** What a trusted peer says in the field lines of a request; what it does not say is as the connection is. */
  believe(kept: string, peer: string, isHttps: boolean): Origin {
    const proto = members(kept, 'x-forwarded-proto').at(-1)?.toLowerCase()
    const host = members(kept, 'x-forwarded-host').at(-1)
    const isSecure = proto === 'https' || (proto !== 'http' && isHttps)
    return originOf(this.#client(members(kept, 'x-forwarded-for'), peer), isSecure, isHost(host) ? host : undefined)
  }

  /** The rightmost address that is not one of ours: what stands left of it anybody may have written. */
  #client(hops: readonly string[], peer: string): string {
    let client = peer
    for (const hop of hops.toReversed()) {
      const address = addressOf(hop)
      if (address === undefined) return client
      client = address
      if (!this.has(address)) return client
    }
    return client
  }

  #add(entry: string): void {
    const [address = '', bits] = entry.trim().split('/')
    const family = isIP(address)
    if (family === 0) return
    const type = family === 4 ? 'ipv4' : 'ipv6'
    const longest = family === 4 ? 32 : 128
    if (bits === undefined) this.#list.addAddress(address, type)
    else if (/^[0-9]{1,3}$/.test(bits) && Number(bits) <= longest) this.#list.addSubnet(address, Number(bits), type)
  }
}

const members = (kept: string, name: string): string[] =>
  fieldValues(kept, name)
    .join(',')
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '')

/** The address of a hop, which some proxies write with a port. */
function addressOf(hop: string): string | undefined {
  const bare = /^\[(.+)\](?::[0-9]+)?$/.exec(hop)?.[1] ?? /^([0-9.]+):[0-9]+$/.exec(hop)?.[1] ?? hop
  const address = plainAddress(bare)
  return isIP(address) === 0 ? undefined : address
}

const isHost = (value: string | undefined): boolean =>
  value !== undefined && /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{0,5})?$/i.test(value)
